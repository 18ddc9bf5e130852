/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The state of a probed peer: a test for each row of the table, and that nothing else moves it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzers/analysis.h"

#include <string.h>

/* One analysis with one connection, on which side 0 probes side 1. */
struct scene {
    struct ka_analysis analysis;
    struct ka_conn *conn;
    struct ka_event last;
    unsigned events;
};

static void keep(void *context, const struct ka_event *event)
{
    struct scene *scene = context;
    scene->last = *event;
    scene->events++;
}

static void set_scene(struct scene *scene)
{
    const uint64_t key[2] = {1, 2};
    const struct ka_key conn_key = {.port = {1, 2}, .family = 4};
    memset(scene, 0, sizeof(*scene));
    struct ka_analysis *analysis = &scene->analysis;
    assert_int_equal(ka_table_init(&analysis->table, key, false, 1 << 30), 0);
    ka_slab_init(&analysis->extras, sizeof(struct ka_extra), 1 << 30);
    ka_slab_init(&analysis->probers, sizeof(struct ka_prober), 1 << 30);
    ka_slab_init(&analysis->doubts, sizeof(struct ka_doubt), 1 << 30);
    analysis->config.memcap = 1 << 30;
    analysis->config.sink = (struct ka_sink){.emit = keep, .context = scene};
    scene->conn = ka_table_insert(&analysis->table, &conn_key, 77);
    assert_non_null(ka_prober_need(analysis, scene->conn, 0));
}

static void strike_scene(struct scene *scene)
{
    ka_deadlines_fini(&scene->analysis);
    ka_slab_fini(&scene->analysis.extras);
    ka_slab_fini(&scene->analysis.probers);
    ka_slab_fini(&scene->analysis.doubts);
    ka_table_fini(&scene->analysis.table);
}

/* What may happen, as the analyser sees it. The prober is side 0, the judged peer side 1. */
static const struct happening {
    const char *name;
    enum ka_occurrence_kind kind;
    uint8_t side;
    uint8_t result;
} happenings[] = {
    {"ack", KA_OCC_ANSWER, 1, KA_ANSWER_ACK},
    {"data", KA_OCC_ANSWER, 1, KA_ANSWER_DATA},
    {"rst", KA_OCC_ANSWER, 1, KA_ANSWER_RST},
    {"icmp", KA_OCC_ANSWER, 1, KA_ANSWER_ICMP},
    {"life", KA_OCC_LIFE, 1, 0},
    {"absence", KA_OCC_ABSENCE, 1, 0},
    {"stopped", KA_OCC_STOPPED, 1, 0},
    {"gave up", KA_OCC_GAVE_UP, 0, 0},
    {"reset", KA_OCC_RESET, 1, 0},
    {"reincarnated", KA_OCC_REINCARNATED, 1, 0},
    {"probe", KA_OCC_PROBE, 0, 0},
    {"window probe", KA_OCC_WINDOW_PROBE, 0, 0},
    {"lookalike", KA_OCC_LOOKALIKE, 1, 0},
};
enum { HAPPENINGS = sizeof(happenings) / sizeof(happenings[0]) };

enum {
    U = KA_PEER_UNKNOWN,
    A = KA_PEER_ALIVE,
    S = KA_PEER_SILENT,
    D = KA_PEER_DEAD,
    R = KA_PEER_RESET,
    N = KA_PEER_UNREACHABLE
};

/* By the table of recognition: from each state, where each happening leads. */
static const uint8_t leads_to[HAPPENINGS][6] = {
    /*                 U  A  S  D  R  N */
    /* ack */ {A, A, A, A, A, A},
    /* data */ {A, A, A, A, A, A},
    /* rst */ {R, R, R, R, R, R},
    /* icmp */ {N, N, N, D, R, N},
    /* life */ {U, A, A, A, R, A},
    /* absence */ {S, S, S, D, R, N},
    /* stopped */ {U, A, D, D, R, D},
    /* gave up */ {D, D, D, D, R, D},
    /* reset */ {R, R, R, D, R, R},
    /* reincarnated */ {R, R, R, D, R, R},
    /* probe */ {U, A, S, D, R, N},
    /* window */ {U, A, S, D, R, N},
    /* lookalike */ {U, A, S, D, R, N},
};

static void each_state_goes_where_the_table_says(void **state)
{
    (void)state;
    for (unsigned h = 0; h < HAPPENINGS; h++) {
        for (uint8_t from = U; from <= N; from++) {
            struct scene scene;
            set_scene(&scene);
            struct ka_extra *extra = ka_extra_of(&scene.analysis, scene.conn);
            extra->state[1] = from;
            if (from != U)
                scene.analysis.stats.states[from] = 1;
            struct ka_occurrence occurrence = {.kind = happenings[h].kind,
                                               .side = happenings[h].side,
                                               .result = happenings[h].result,
                                               .conn = scene.conn,
                                               .time = KA_SECOND};
            ka_liveness_occurred(&scene.analysis, &occurrence);
            uint8_t to = leads_to[h][from];
            if (extra->state[1] != to)
                fail_msg("%s from %u leads to %u, not %u", happenings[h].name, from,
                         extra->state[1], to);
            assert_int_equal(scene.events, from != to);
            assert_int_equal(extra->state[0], U);
            if (from != to) {
                assert_int_equal(scene.last.state.from, from);
                assert_int_equal(scene.last.state.to, to);
                assert_non_null(scene.last.state.why);
                assert_int_equal(scene.last.envelope.src.port, 2); /* the judged side */
                assert_int_equal(scene.analysis.stats.states[to], 1);
                assert_int_equal(from == U ? 0 : scene.analysis.stats.states[from], 0);
            }
            strike_scene(&scene);
        }
    }
}

static void the_error_stands_on_dead_and_reset_only(void **state)
{
    (void)state;
    static const struct {
        enum ka_occurrence_kind kind;
        uint8_t side, result, from;
        uint32_t number;
        enum ka_app_error error;
    } rows[] = {
        {KA_OCC_GAVE_UP, 0, 0, S, 9, KA_APP_ETIMEDOUT},
        {KA_OCC_STOPPED, 1, 0, S, 3, KA_APP_ETIMEDOUT},
        {KA_OCC_ANSWER, 1, KA_ANSWER_RST, A, 1, KA_APP_ECONNRESET},
        {KA_OCC_RESET, 1, 0, A, 0, KA_APP_ECONNRESET},
        {KA_OCC_ANSWER, 1, KA_ANSWER_ICMP, A, 1, KA_APP_NONE},
        {KA_OCC_ABSENCE, 1, 0, A, 1, KA_APP_NONE},
        {KA_OCC_ANSWER, 1, KA_ANSWER_ACK, S, 0, KA_APP_NONE},
        {KA_OCC_GAVE_UP, 0, 0, N, 9, KA_APP_ETIMEDOUT},    /* Linux ignores the ICMP error */
        {KA_OCC_GAVE_UP, 0, 0, N, 8, KA_APP_EHOSTUNREACH}, /* BSD reports it in the end */
        {KA_OCC_STOPPED, 1, 0, N, 3, KA_APP_ETIMEDOUT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;
        set_scene(&scene);
        ka_extra_of(&scene.analysis, scene.conn)->state[1] = rows[i].from;
        ka_prober_of(&scene.analysis, scene.conn, 0)->number = rows[i].number;
        struct ka_occurrence occurrence = {.kind = rows[i].kind,
                                           .side = rows[i].side,
                                           .result = rows[i].result,
                                           .conn = scene.conn};
        ka_liveness_occurred(&scene.analysis, &occurrence);
        assert_int_equal(scene.events, 1);
        assert_int_equal(scene.last.state.app_error, rows[i].error);
        strike_scene(&scene);
    }
}

static void a_peer_that_nobody_probes_has_no_state(void **state)
{
    (void)state;
    struct scene scene;
    set_scene(&scene);
    struct ka_occurrence reset = {.kind = KA_OCC_RESET, .side = 0, .conn = scene.conn};
    ka_liveness_occurred(&scene.analysis, &reset);
    assert_int_equal(scene.events, 0);
    strike_scene(&scene);
}

static void half_closed_stands_beside_the_state(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct scene scene;
        set_scene(&scene);
        scene.conn->side[1].flags = i == 0 ? 0 : KA_SIDE_FIN;
        struct ka_occurrence answer = {.kind = KA_OCC_ANSWER, .side = 1, .conn = scene.conn};
        ka_liveness_occurred(&scene.analysis, &answer);
        assert_int_equal(scene.last.state.half_closed, i == 1);
        strike_scene(&scene);
    }
}

static void a_peer_may_discard_probes_without_timestamps(void **state)
{
    (void)state;
    static const struct {
        uint16_t flags;
        uint32_t answered;
        bool may_discard;
    } rows[] = {
        {KA_PROBER_NO_STAMPS, 0, true},
        {KA_PROBER_NO_STAMPS, 1, false}, /* it took one, so it takes them */
        {0, 0, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;
        set_scene(&scene);
        struct ka_prober *prober = ka_prober_of(&scene.analysis, scene.conn, 0);
        prober->flags |= rows[i].flags;
        prober->answered = rows[i].answered;
        struct ka_occurrence absence = {.kind = KA_OCC_ABSENCE, .side = 1, .conn = scene.conn};
        ka_liveness_occurred(&scene.analysis, &absence);
        bool says_so = strstr(scene.last.state.why, "discarded") != NULL;
        assert_int_equal(says_so, rows[i].may_discard);
        strike_scene(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_goes_where_the_table_says),
        cmocka_unit_test(the_error_stands_on_dead_and_reset_only),
        cmocka_unit_test(a_peer_that_nobody_probes_has_no_state),
        cmocka_unit_test(half_closed_stands_beside_the_state),
        cmocka_unit_test(a_peer_may_discard_probes_without_timestamps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
