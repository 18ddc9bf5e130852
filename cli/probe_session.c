/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/probe_session.h"

#include "base/clock.h"
#include "base/random.h"
#include "capture/file.h"
#include "capture/filter.h"
#include "cli/complaint.h"
#include "cli/signals.h"
#include "decode/decode.h"
#include "sockets/lookup.h"
#include "sockets/sockets.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What has a socket that takes an acknowledgement without a reset. */
static const uint32_t open_states =
    KA_SOCKET_STATE_BIT(KA_SOCKET_ESTABLISHED) | KA_SOCKET_STATE_BIT(KA_SOCKET_CLOSE_WAIT) |
    KA_SOCKET_STATE_BIT(KA_SOCKET_FIN_WAIT_1) | KA_SOCKET_STATE_BIT(KA_SOCKET_FIN_WAIT_2);

static struct ka_known *create_known(struct ka_error *error)
{
    uint64_t key[2];
    if (ka_random_fill(key, sizeof(key), error) < 0)
        return NULL;
    struct ka_known *known = ka_known_create(key, KA_PROBE_CONNECTIONS);
    if (known == NULL)
        ka_error_set(error, "cannot keep connections: out of memory");
    return known;
}

/* Where the log goes unless --log says otherwise. */
static int usual_log(char *out, size_t size, struct ka_error *error)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int length = -1;
    if (geteuid() == 0)
        length = snprintf(out, size, "/var/log/kasniff-probe.log");
    else if (state != NULL && state[0] == '/')
        length = snprintf(out, size, "%s/kasniff-probe.log", state);
    else if (home != NULL && home[0] == '/')
        length = snprintf(out, size, "%s/.local/state/kasniff-probe.log", home);
    if (length < 0 || (size_t)length >= size)
        return ka_error_set(error, "nothing is sent without a log: name one with --log FILE");
    return 0;
}

/* Makes the folders of that log, which nothing else may have needed yet. What stands in the way,
 * opening the log tells. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
}

static int open_log(struct ka_probe_session *session, struct ka_error *error)
{
    char path[4096];
    const char *name = session->options->log;
    if (session->options->dry_run)
        return 0;
    if (name == NULL) {
        if (usual_log(path, sizeof(path), error) < 0)
            return -1;
        make_folders(path);
        name = path;
    }
    struct ka_error unread = {.text = ""};
    if (!session->options->again) {
        session->past = ka_past_read(name, ka_clock_wall(), &unread);
        if (session->past == NULL)
            return ka_error_set(error, "%s", unread.text);
    }
    session->log = ka_probe_log_open(name, error);
    if (session->log == NULL)
        return -1;
    if (unread.text[0] != '\0')
        ka_complain(unread.text);
    return 0;
}

static int open_tap(struct ka_probe_session *session, struct ka_error *error)
{
    const struct ka_probe_options *options = session->options;
    const char *interface = options->interface != NULL ? options->interface : "any";
    if (ka_tap_open(interface, session->filter, &session->tap, error) == 0)
        return 0;
    if (!options->dry_run)
        return -1;
    if (!options->quiet)
        fprintf(stderr, "kasniff: %s; the dry run goes on without listening\n", error->text);
    error->text[0] = '\0';
    return 0;
}

static int open_files(struct ka_probe_session *session, struct ka_error *error)
{
    const struct ka_texts *files = &session->options->files;
    session->sources = calloc(files->count + 1, sizeof(struct ka_source *));
    if (session->sources == NULL)
        return ka_error_set(error, "cannot open files: out of memory");
    const char *filter = session->filter[0] != '\0' ? session->filter : NULL;
    for (size_t i = 0; i < files->count; i++)
        if (ka_file_open(files->items[i], filter, &session->sources[i], error) < 0)
            return -1;
    return 0;
}

int ka_probe_session_open(struct ka_probe_session *session, struct ka_error *error)
{
    if (open_log(session, error) < 0 || open_tap(session, error) < 0 ||
        open_files(session, error) < 0)
        return -1;
    session->known = create_known(error);
    return session->known != NULL ? 0 : -1;
}

int ka_probe_session_helper(struct ka_probe_session *session, const char *const *allow,
                            size_t allow_count, struct ka_error *error)
{
    const struct ka_probe_options *options = session->options;
    struct ka_injector_options helper = {
        .allow = allow,
        .allow_count = allow_count,
        .device = options->link ? NULL : session->device,
        .link = options->link ? options->interface : NULL,
        .rate = (uint32_t)options->rate,
        .unanswered = KA_ASK_UNANSWERED,
        .one_byte = options->bytes == 1 ? 1 : 0,
        .exact = options->exact,
        .dry_run = options->dry_run,
        .log = session->log,
    };
    session->injector = ka_injector_start(&helper, error);
    return session->injector != NULL ? 0 : -1;
}

/* The filter's word on a connection that only the kernel told of: it is held against a packet that
 * either end could send. */
static bool passes(struct ka_filter *filter, const struct ka_socket *socket)
{
    for (int way = 0; way < 2; way++) {
        uint8_t bytes[KA_PROBE_BYTES_MAX];
        struct ka_probe probe = {.src = way == 0 ? socket->local : socket->peer,
                                 .dst = way == 0 ? socket->peer : socket->local,
                                 .ttl = 64};
        size_t length = ka_probe_bytes(&probe, bytes, sizeof(bytes));
        struct ka_frame frame = {.data = bytes,
                                 .captured = (uint32_t)length,
                                 .length = (uint32_t)length,
                                 .link_type = KA_LINKTYPE_RAW};
        if (length > 0 && (filter == NULL || ka_filter_matches(filter, &frame, NULL)))
            return true;
    }
    return false;
}

/* True when the address is one of the interface's, or none was named. */
static bool is_here(const struct ka_probe_options *options, const struct ifaddrs *list,
                    const struct ka_addr *addr)
{
    if (options->interface == NULL || strcmp(options->interface, "any") == 0)
        return true;
    for (; list != NULL; list = list->ifa_next) {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct ka_addr own = {.family = 0};
        if (list->ifa_addr == NULL || strcmp(list->ifa_name, options->interface) != 0)
            continue;
        if (list->ifa_addr->sa_family == AF_INET) {
            memcpy(&v4, list->ifa_addr, sizeof(v4));
            own = ka_addr_make(4, (const uint8_t *)&v4.sin_addr);
        } else if (list->ifa_addr->sa_family == AF_INET6) {
            memcpy(&v6, list->ifa_addr, sizeof(v6));
            own = ka_addr_make(6, v6.sin6_addr.s6_addr);
        }
        if (ka_addr_equal(&own, addr))
            return true;
    }
    return false;
}

static ka_time idle_of(const struct ka_socket *socket)
{
    if (socket->last_sent == KA_TIME_NONE || socket->last_received == KA_TIME_NONE)
        return KA_TIME_NONE;
    return socket->last_sent < socket->last_received ? socket->last_sent : socket->last_received;
}

static void mark_local(struct ka_known_conn *entry, unsigned side, const struct ka_socket *socket)
{
    entry->side[side].local = true;
    entry->side[side].device = socket->device;
    if (socket->device == 0 ||
        if_indextoname(socket->device, entry->side[side].device_name) == NULL)
        snprintf(entry->side[side].device_name, IF_NAMESIZE, "%u", socket->device);
    entry->side[side].resending = socket->timer == KA_SOCKET_TIMER_RETRANSMIT;
    entry->idle_told = idle_of(socket);
    entry->side[side].fin =
        socket->state == KA_SOCKET_FIN_WAIT_1 || socket->state == KA_SOCKET_FIN_WAIT_2;
    entry->side[!side].fin = socket->state == KA_SOCKET_CLOSE_WAIT;
}

int ka_probe_session_local(struct ka_probe_session *session, struct ka_error *error)
{
    struct ka_socket_list list;
    struct ka_filter *filter = NULL;
    struct ka_socket_query query = {.states = open_states};
    struct ifaddrs *addresses = NULL;
    session->lookup = ka_socket_lookup_open(error);
    if (session->lookup == NULL)
        return -1;
    if (getifaddrs(&addresses) < 0)
        return ka_error_set(error, "cannot list this host's addresses: %m");
    if (session->filter[0] != '\0' && ka_filter_create(session->filter, &filter, error) < 0) {
        freeifaddrs(addresses);
        return -1;
    }
    int status = ka_sockets_list(&query, &list, error);
    for (size_t i = 0; status == 0 && i < list.count; i++) {
        const struct ka_socket *socket = &list.sockets[i];
        unsigned side = 0;
        if (socket->peer.port == 0 || !passes(filter, socket) ||
            (session->options->all && !is_here(session->options, addresses, &socket->local.addr)))
            continue;
        struct ka_known_conn *entry =
            ka_known_get(session->known, &socket->local, &socket->peer, &side);
        if (entry != NULL)
            mark_local(entry, side, socket);
    }
    if (status == 0)
        ka_socket_list_fini(&list);
    ka_filter_free(filter);
    freeifaddrs(addresses);
    return status;
}

static void take_frames(struct ka_probe_session *session, const struct ka_frame *frames,
                        size_t count, bool grow)
{
    for (size_t i = 0; i < count; i++) {
        struct ka_packet packet;
        struct ka_known_conn *entry;
        unsigned side;
        if (ka_decode(&frames[i], &packet) == KA_DECODED)
            ka_known_take(session->known, &packet, false, grow, &entry, &side);
    }
}

int ka_probe_session_read(struct ka_probe_session *session, bool grow, struct ka_error *error)
{
    for (size_t i = 0; i < session->options->files.count; i++) {
        enum ka_source_status status = KA_SOURCE_FRAMES;
        while ((status == KA_SOURCE_FRAMES || status == KA_SOURCE_IDLE) && !ka_signals_stop(NULL)) {
            struct ka_frame frames[KA_BATCH];
            size_t count = 0;
            status = ka_source_next(session->sources[i], frames, KA_BATCH, &count, error);
            if (status == KA_SOURCE_FRAMES)
                take_frames(session, frames, count, grow);
        }
        if (status == KA_SOURCE_FAILED)
            return -1;
        if (error->text[0] != '\0')
            fprintf(stderr, "kasniff: %s\n", error->text);
        error->text[0] = '\0';
    }
    return 0;
}

/* Where the kernel does not tell, the end counts as gone: that asks for --yes, no more. */
static bool is_open(void *context, const struct ka_known_conn *entry, unsigned side)
{
    const struct ka_probe_session *session = context;
    struct ka_endpoint local = ka_known_end(entry, side);
    struct ka_endpoint peer = ka_known_end(entry, !side);
    int state = ka_socket_lookup_state(session->lookup, &local, &peer, entry->side[side].device);
    return state > 0 && (open_states & KA_SOCKET_STATE_BIT((unsigned)state)) != 0;
}

/* Many verdicts in text form stand in the table. */
static void leave_to_table(void *context, const struct ka_event *event)
{
    (void)context;
    (void)event;
}

int ka_probe_session_start(struct ka_probe_session *session, bool grow, bool quiet,
                           void (*progress)(void *context), struct ka_error *error)
{
    const struct ka_probe_options *options = session->options;
    struct ka_output_options form = {.form = options->form.json ? KA_OUTPUT_JSON : KA_OUTPUT_TEXT,
                                     .line_buffered = true};
    if (ka_output_create(stdout, &form, &session->output, error) < 0)
        return -1;
    ka_time usual_idle = options->all ? 300 * KA_SECOND : KA_SECOND;
    struct ka_prober_config config = {
        .known = session->known,
        .tap = session->tap,
        .injector = session->injector,
        .log = session->log,
        .past = session->past,
        .sink = options->all && quiet ? (struct ka_sink){.emit = leave_to_table}
                                      : ka_output_sink(session->output),
        .ask = {.count = (uint32_t)options->count,
                .interval = options->interval,
                .timeout = options->timeout},
        .wish = {.mode = options->exact ? KA_ACK_EXACT : KA_ACK_GENTLE,
                 .length = (uint8_t)options->bytes,
                 .ttl = (uint8_t)options->ttl},
        .idle = options->idle >= 0 ? options->idle : usual_idle,
        .rate = (uint32_t)options->rate,
        .grow = grow,
        .link = options->link,
        .device = session->device_index,
        .yes = options->yes,
        .quiet = quiet,
        .stop = ka_signals_stop,
        .progress = progress,
        .is_open = session->lookup != NULL ? is_open : NULL,
        .context = session,
    };
    session->prober = ka_prober_create(&config);
    return session->prober != NULL ? 0 : ka_error_set(error, "cannot probe: out of memory");
}

int ka_probe_session_close(struct ka_probe_session *session, int status, struct ka_error *error)
{
    ka_prober_free(session->prober);
    ka_output_free(session->output);
    ka_socket_lookup_close(session->lookup);
    for (size_t i = 0; session->sources != NULL && i < session->options->files.count; i++)
        ka_source_close(session->sources[i]);
    free(session->sources);
    ka_injector_stop(session->injector);
    ka_tap_close(session->tap);
    ka_known_free(session->known);
    ka_past_free(session->past);
    struct ka_error late;
    if (ka_probe_log_close(session->log, &late) == 0)
        return status;
    if (error->text[0] == '\0')
        *error = late;
    return KA_EXIT_FAILED;
}
