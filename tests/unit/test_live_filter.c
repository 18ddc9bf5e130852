/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the kernel passes on where the user gave no filter: all that is decoded, little else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/live.h"
#include "tests/build/encapsulations.h"

#include <pcap/pcap.h>

/* Link types that interfaces of Linux have, by libpcap's number. */
static const uint16_t link_types[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW};

static bool compile(uint16_t link_type, struct bpf_program *out)
{
    const char *text;
    for (unsigned attempt = 0; (text = ka_live_default_filter(attempt)) != NULL; attempt++) {
        pcap_t *pcap = pcap_open_dead(link_type, KA_LIVE_SNAPLEN);
        bool fits = pcap_compile(pcap, out, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
        pcap_close(pcap);
        if (fits)
            return true;
    }
    return false;
}

static bool passes(const struct bpf_program *program, const struct ka_craft *craft)
{
    struct pcap_pkthdr header = {.caplen = (uint32_t)craft->out.used,
                                 .len = (uint32_t)craft->out.used};
    return pcap_offline_filter(program, &header, craft->bytes) != 0;
}

static void every_encapsulation_passes(void **state)
{
    (void)state;
    for (size_t l = 0; l < sizeof(link_types) / sizeof(link_types[0]); l++) {
        struct bpf_program program;
        size_t rows = 0;
        assert_true(compile(link_types[l], &program));
        for (size_t i = 0; i < 2 * ka_encapsulation_count; i++) {
            const struct ka_encapsulation *row = &ka_encapsulations[i / 2];
            struct ka_craft craft;
            if (row->link_type != link_types[l])
                continue;
            ka_craft_start(&craft);
            row->craft(&craft);
            ka_craft_ip(&craft, &(struct ka_craft_ip){.version = i % 2 == 0 ? 4 : 6});
            ka_craft_tcp(&craft, &(struct ka_craft_tcp){.src_port = 1, .dst_port = 2, .flags = 16});
            assert_int_not_equal(ka_craft_finish(&craft), 0);
            if (!passes(&program, &craft))
                fail_msg("link type %u: %s is left in the kernel", link_types[l], row->name);
            rows++;
        }
        assert_true(rows > 0);
        pcap_freecode(&program);
    }
}

/* What stands in an Ethernet frame and whether it passes. */
static void craft_udp(struct ka_craft *craft)
{
    ka_craft_ip(craft, &(struct ka_craft_ip){.version = 4});
    ka_craft_udp(craft, 53, 1053);
}

static void craft_icmp(struct ka_craft *craft, uint8_t version, uint8_t type)
{
    static const uint8_t quoted[28] = {0x45};
    ka_craft_ip(craft, &(struct ka_craft_ip){.version = version});
    ka_craft_icmp(craft, version, type, 0);
    ka_craft_quote(craft, quoted, sizeof(quoted));
}

static void craft_unreachable(struct ka_craft *craft)
{
    craft_icmp(craft, 4, 3);
}

static void craft_unreachable6(struct ka_craft *craft)
{
    craft_icmp(craft, 6, 1);
}

static void craft_echo(struct ka_craft *craft)
{
    craft_icmp(craft, 4, 8);
}

static void craft_echo6(struct ka_craft *craft)
{
    craft_icmp(craft, 6, 128);
}

static void craft_extended(struct ka_craft *craft)
{
    ka_craft_ip(craft, &(struct ka_craft_ip){.version = 6});
    ka_craft_extension(craft, 60, 8, 0);
    ka_craft_tcp(craft, &(struct ka_craft_tcp){.flags = 16});
}

static void errors_pass_and_other_traffic_stays(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*craft)(struct ka_craft *craft);
        bool passes;
    } rows[] = {
        {"ICMP unreachable", craft_unreachable, true},
        {"ICMPv6 unreachable", craft_unreachable6, true},
        {"TCP behind destination options", craft_extended, true},
        {"DNS", craft_udp, false},
        {"echo request", craft_echo, false},
        {"ICMPv6 echo request", craft_echo6, false},
    };
    struct bpf_program program;
    assert_true(compile(DLT_EN10MB, &program));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ka_craft craft;
        ka_craft_start(&craft);
        ka_craft_ethernet(&craft);
        rows[i].craft(&craft);
        assert_int_not_equal(ka_craft_finish(&craft), 0);
        if (passes(&program, &craft) != rows[i].passes)
            fail_msg("%s", rows[i].name);
    }
    pcap_freecode(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encapsulation_passes),
        cmocka_unit_test(errors_pass_and_other_traffic_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
