/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit/passive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Silences of one path that one side broke. */
struct path {
    struct ka_endpoint server; /* port 0: a network; no address: all */
    struct ka_trial trials[KA_PASSIVE_TRIALS_MAX];
    struct ka_bracket seen; /* once judged */
    uint64_t total;         /* trials, also those that made room */
    uint32_t count;
    uint8_t first_speaker;
};

struct ka_passive {
    struct path **paths; /* sorted by server and speaker */
    size_t count;
    size_t room;
    size_t left_out; /* trials of paths beyond the bound */
};

struct ka_passive *ka_passive_create(void)
{
    return calloc(1, sizeof(struct ka_passive));
}

void ka_passive_free(struct ka_passive *passive)
{
    if (passive == NULL)
        return;
    for (size_t i = 0; i < passive->count; i++)
        free(passive->paths[i]);
    free(passive->paths);
    free(passive);
}

/* Order: all, networks and servers by address and port, the client's silences first. */
static int compare(const struct path *path, const struct ka_endpoint *server, uint8_t speaker)
{
    if (path->server.addr.family != server->addr.family)
        return path->server.addr.family < server->addr.family ? -1 : 1;
    int order = memcmp(path->server.addr.bytes, server->addr.bytes, sizeof(server->addr.bytes));
    if (order != 0)
        return order;
    if (path->server.port != server->port)
        return path->server.port < server->port ? -1 : 1;
    return (int)path->first_speaker - (int)speaker;
}

/* The place of the path in the list, or where it belongs; *found tells which. */
static size_t place(const struct ka_passive *passive, const struct ka_endpoint *server,
                    uint8_t speaker, bool *found)
{
    size_t low = 0;
    size_t high = passive->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(passive->paths[middle], server, speaker);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct path *insert(struct ka_passive *passive, size_t at, const struct ka_endpoint *server,
                           uint8_t speaker)
{
    if (passive->count == passive->room) {
        size_t room = passive->room * 2 + 16;
        struct path **paths = realloc(passive->paths, room * sizeof(*paths));
        if (paths == NULL)
            return NULL;
        passive->paths = paths;
        passive->room = room;
    }
    struct path *path = calloc(1, sizeof(*path));
    if (path == NULL)
        return NULL;
    path->server = *server;
    path->first_speaker = speaker;
    memmove(&passive->paths[at + 1], &passive->paths[at],
            (passive->count - at) * sizeof(*passive->paths));
    passive->paths[at] = path;
    passive->count++;
    return path;
}

/* Long survivors and early deaths make the bracket: the shortest survivor says least. */
static void keep(struct path *path, const struct ka_trial *trial)
{
    path->total++;
    if (path->count < KA_PASSIVE_TRIALS_MAX) {
        path->trials[path->count++] = *trial;
        return;
    }
    struct ka_trial *least = NULL;
    for (uint32_t i = 0; i < path->count; i++) {
        struct ka_trial *each = &path->trials[i];
        if (each->result != KA_TRIAL_DIED && (least == NULL || each->idle < least->idle))
            least = each;
    }
    if (least != NULL && (trial->result == KA_TRIAL_DIED || trial->idle > least->idle))
        *least = *trial;
}

static bool add(struct ka_passive *passive, const struct ka_endpoint *server, uint8_t speaker,
                const struct ka_trial *trial)
{
    bool found;
    size_t at = place(passive, server, speaker, &found);
    if (!found && passive->count >= KA_PASSIVE_PATHS_MAX) {
        passive->left_out++;
        return true;
    }
    struct path *path = found ? passive->paths[at] : insert(passive, at, server, speaker);
    if (path == NULL)
        return false;
    keep(path, trial);
    return true;
}

static struct ka_endpoint network_of(const struct ka_endpoint *server)
{
    struct ka_endpoint network = {.addr = server->addr};
    size_t kept = server->addr.family == 6 ? 8 : 3;
    memset(network.addr.bytes + kept, 0, sizeof(network.addr.bytes) - kept);
    return network;
}

bool ka_passive_add(struct ka_passive *passive, const struct ka_endpoint *server,
                    uint8_t first_speaker, const struct ka_trial *trial)
{
    struct ka_endpoint network = network_of(server);
    struct ka_endpoint all = {.port = 0};
    /* The wide ones first: they must not fall to the bound. */
    return add(passive, &all, first_speaker, trial) &&
           add(passive, &network, first_speaker, trial) &&
           add(passive, server, first_speaker, trial);
}

static bool is_server(const struct path *path)
{
    return path->server.port != 0;
}

/* How many servers with silences of this kind lie in the network, or in all. */
static size_t count_servers(const struct ka_passive *passive, const struct path *wide)
{
    size_t servers = 0;
    for (size_t i = 0; i < passive->count; i++) {
        const struct path *path = passive->paths[i];
        struct ka_endpoint network = network_of(&path->server);
        bool within =
            wide->server.addr.family == 0 || ka_addr_equal(&network.addr, &wide->server.addr);
        servers += is_server(path) && within && path->first_speaker == wide->first_speaker;
    }
    return servers;
}

/* What stands in every event. */
struct outlet {
    const struct ka_products *products;
    ka_time time;
    uint8_t digits;
    struct ka_sink sink;
};

static struct ka_event begin(const struct outlet *outlet, const struct path *path,
                             enum ka_event_type type)
{
    return (struct ka_event){
        .type = type,
        .notable = true,
        .envelope = {.time = outlet->time, .dst = path->server, .digits = outlet->digits},
    };
}

static void emit_timeout(const struct outlet *outlet, const struct path *path)
{
    struct ka_event event = begin(outlet, path, KA_EVENT_IDLE_TIMEOUT);
    event.idle_timeout = (struct ka_ev_idle_timeout){
        .survived = path->seen.survived,
        .died = path->seen.died,
        .precision = ka_bracket_width(&path->seen),
        .trials = path->total,
        .arm = KA_ARM_SILENT,
        .first_speaker = path->first_speaker,
        .after_expiry = path->seen.died == KA_TIME_NONE ? KA_AFTER_UNKNOWN : path->seen.after,
    };
    ka_products_match(outlet->products, &path->seen, event.idle_timeout.known);
    outlet->sink.emit(outlet->sink.context, &event);
}

static void name_path(const struct path *path, char *out, size_t size)
{
    char text[KA_ENDPOINT_TEXT_SIZE];
    if (path->server.addr.family == 0) {
        snprintf(out, size, "all servers");
    } else if (is_server(path)) {
        ka_endpoint_text(&path->server, text);
        snprintf(out, size, "%s", text);
    } else {
        ka_addr_text(&path->server.addr, text);
        snprintf(out, size, "%s/%d", text, path->server.addr.family == 6 ? 64 : 24);
    }
}

static double seconds(ka_time duration)
{
    return duration == KA_TIME_NONE ? (double)NAN : (double)duration / 1e9;
}

/* A wider path: its bracket as a sentence. */
static void emit_wide(const struct outlet *outlet, const struct path *path, size_t servers)
{
    struct ka_event event = begin(outlet, path, KA_EVENT_FINDING);
    char survived[KA_TIME_TEXT_SIZE];
    char died[KA_TIME_TEXT_SIZE];
    char name[64];
    name_path(path, name, sizeof(name));
    ka_duration_text(path->seen.survived, survived);
    ka_duration_text(path->seen.died, died);
    event.envelope.dst = (struct ka_endpoint){.port = 0};
    event.finding.kind = "idle-timeout-of-network";
    event.finding.figures[0] = (struct ka_figure){"survived_s", seconds(path->seen.survived)};
    event.finding.figures[1] = (struct ka_figure){"died_s", seconds(path->seen.died)};
    event.finding.figures[2] = (struct ka_figure){"survivors", path->seen.survivors};
    event.finding.figures[3] = (struct ka_figure){"deaths", path->seen.deaths};
    snprintf(
        event.finding.text, sizeof(event.finding.text),
        "silences before %s, %zu of them, %s first: %u survived, up to %s; %u died, from %s on "
        "(%s)",
        name, servers, path->first_speaker == KA_SPEAKER_CLIENT ? "client" : "server",
        path->seen.survivors, path->seen.survived == KA_TIME_NONE ? "none" : survived,
        path->seen.deaths, died, ka_after_text(path->seen.after));
    outlet->sink.emit(outlet->sink.context, &event);
}

/* Deaths of several kinds, each with its own bracket; or survivors beyond deaths. */
static void emit_causes(const struct outlet *outlet, struct path *path)
{
    struct ka_bracket causes[KA_CAUSES_MAX];
    struct ka_event event = begin(outlet, path, KA_EVENT_FINDING);
    char name[64];
    char died[KA_TIME_TEXT_SIZE];
    char longest[KA_TIME_TEXT_SIZE];
    size_t count = ka_bracket_causes(path->trials, path->count, causes);
    name_path(path, name, sizeof(name));
    int used = 0;
    if (count > 1) {
        event.finding.kind = "several-causes";
        used = snprintf(event.finding.text, sizeof(event.finding.text),
                        "silent connections to %s die in several ways:", name);
        for (size_t i = 0; i < count && used < KA_TEXT_MAX; i++) {
            ka_duration_text(causes[i].died, died);
            used += snprintf(event.finding.text + used, (size_t)(KA_TEXT_MAX - used),
                             "%s %s from %s on", i > 0 ? "," : "", ka_after_text(causes[i].after),
                             died);
        }
    } else if (path->seen.died != KA_TIME_NONE && path->seen.contradictions > 0) {
        event.finding.kind = "contradictory-silences";
        ka_duration_text(path->seen.died, died);
        ka_duration_text(path->seen.longest, longest);
        snprintf(event.finding.text, sizeof(event.finding.text),
                 "silent connections to %s died after %s, others survived %s: several paths, "
                 "several limits, or losses",
                 name, died, longest);
    } else {
        return;
    }
    event.finding.figures[0] = (struct ka_figure){"causes", (double)count};
    event.finding.figures[1] = (struct ka_figure){"contradictions", path->seen.contradictions};
    outlet->sink.emit(outlet->sink.context, &event);
}

static void emit_left_out(const struct outlet *outlet, size_t trials)
{
    struct path none = {.count = 0};
    struct ka_event event = begin(outlet, &none, KA_EVENT_FINDING);
    event.finding.kind = "paths-left-out";
    event.finding.figures[0] = (struct ka_figure){"trials", (double)trials};
    snprintf(event.finding.text, sizeof(event.finding.text),
             "more than %d paths: %zu silences count for their network and the whole only",
             KA_PASSIVE_PATHS_MAX, trials);
    outlet->sink.emit(outlet->sink.context, &event);
}

void ka_passive_report(struct ka_passive *passive, const struct ka_products *products, ka_time time,
                       uint8_t digits, struct ka_sink sink)
{
    struct outlet outlet = {products, time, digits, sink};
    for (size_t i = 0; i < passive->count; i++) {
        struct path *path = passive->paths[i];
        ka_bracket_judge(path->trials, path->count, &path->seen);
        if (!is_server(path) || path->seen.survivors + path->seen.deaths == 0)
            continue;
        emit_timeout(&outlet, path);
        emit_causes(&outlet, path);
    }
    if (passive->left_out > 0)
        emit_left_out(&outlet, passive->left_out);
    for (size_t i = 0; i < passive->count; i++) {
        struct path *path = passive->paths[i];
        size_t servers = is_server(path) ? 0 : count_servers(passive, path);
        if (servers > 1 && path->seen.died != KA_TIME_NONE)
            emit_wide(&outlet, path, servers);
    }
}
