/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/path_findings.h"

#include "audit/advice.h"
#include "base/text.h"

/* The text is built in event->finding.text, which is terminated because the event starts as zeros.
 */
static struct ka_text begin(struct ka_event *event, const char *kind)
{
    event->finding.kind = kind;
    event->finding.severity = KA_SEVERITY_WARNING;
    return ka_text_fixed(event->finding.text, sizeof(event->finding.text) - 1);
}

static void put_endpoint(struct ka_text *out, const struct ka_endpoint *endpoint)
{
    char text[KA_ENDPOINT_TEXT_SIZE];
    ka_endpoint_text(endpoint, text);
    ka_text_put_string(out, text);
}

static void put_duration(struct ka_text *out, ka_time duration)
{
    char text[KA_TIME_TEXT_SIZE];
    ka_duration_text(duration, text);
    ka_text_put_string(out, text);
}

/* What was survived and what not, and how often. */
static struct ka_text begin_forgets(struct ka_event *event, const struct ka_bracket *bracket)
{
    struct ka_text text = begin(event, "idle-timeout");
    ka_text_put_string(&text, "connections to ");
    put_endpoint(&text, &event->envelope.dst);
    if (bracket->survived == KA_TIME_NONE) {
        ka_text_put_string(&text, " did not survive a silence of ");
        put_duration(&text, bracket->died);
        ka_text_put_string(&text, ", nothing shorter was tried (");
    } else {
        ka_text_put_string(&text, " survived a silence of ");
        put_duration(&text, bracket->survived);
        ka_text_put_string(&text, ", but not of ");
        put_duration(&text, bracket->died);
        ka_text_put_string(&text, " (");
    }
    ka_text_put_number(&text, bracket->deaths);
    ka_text_put_string(&text, " died, ");
    ka_text_put_number(&text, bracket->survivors);
    ka_text_put_string(&text, " survived");
    if (bracket->contradictions > 0)
        ka_text_put_string(&text, ", some against it: several paths or causes");
    ka_text_put_char(&text, ')');
    event->finding.figures[0] =
        (struct ka_figure){"died_s", (double)bracket->died / (double)KA_SECOND};
    event->finding.figures[1] = (struct ka_figure){"deaths", bracket->deaths};
    event->finding.figures[2] = (struct ka_figure){"survivors", bracket->survivors};
    return text;
}

void ka_path_forgets(struct ka_event *event, const struct ka_bracket *bracket,
                     const struct ka_products *products)
{
    const char *known[KA_KNOWN_MAX] = {NULL};
    struct ka_text text = begin_forgets(event, bracket);
    ka_time idle = ka_advice_idle(bracket);
    if (ka_products_match(products, bracket, known) > 0) {
        ka_text_put_string(&text, "; a default of ");
        ka_text_put_string(&text, known[0]);
    }
    if (idle == KA_TIME_NONE)
        return;
    ka_text_put_string(&text, "; keepalives are due every ");
    put_duration(&text, idle);
    ka_text_put_string(&text, " or sooner");
    event->finding.figures[3] = (struct ka_figure){"keepalive_s", (double)idle / (double)KA_SECOND};
    event->finding.advice =
        "set TCP_KEEPIDLE and TCP_KEEPINTVL to no more than that (Linux: "
        "net.ipv4.tcp_keepalive_time "
        "and _intvl, for programs that turn keepalive on; PostgreSQL: tcp_keepalives_idle and "
        "_interval), or ssh's ServerAliveInterval; kasniff audit measures the limit exactly and "
        "tells the settings of more programs";
}

void ka_path_broke(struct ka_event *event, const struct ka_bracket *bracket, ka_time common)
{
    struct ka_text text = begin_forgets(event, bracket);
    ka_text_put_string(&text, "; all that died were silent through the same ");
    put_duration(&text, common);
    ka_text_put_string(&text, ": one restart or outage would do that, too");
    event->finding.figures[3] = (struct ka_figure){"common_s", (double)common / (double)KA_SECOND};
    event->finding.advice =
        "look for a restart of the server or a failure of the path at that time; if there was "
        "none, "
        "the path forgets: kasniff audit measures after how long, and tells the settings";
}

void ka_path_causes(struct ka_event *event, const struct ka_bracket *causes, size_t count)
{
    struct ka_text text = begin(event, "several-causes");
    ka_text_put_string(&text, "idle connections to ");
    put_endpoint(&text, &event->envelope.dst);
    ka_text_put_string(&text, " die in several ways:");
    for (size_t i = 0; i < count; i++) {
        ka_text_put_string(&text, i > 0 ? ", " : " ");
        ka_text_put_string(&text, ka_after_text(causes[i].after));
        ka_text_put_string(&text, " from ");
        put_duration(&text, causes[i].died);
        ka_text_put_string(&text, " on");
    }
    event->finding.advice =
        "look for more than one box on the path, and for the server's own limit";
    event->finding.figures[0] = (struct ka_figure){"causes", (double)count};
}

void ka_path_risk(struct ka_event *event, size_t found, ka_time died)
{
    struct ka_text text = begin(event, "at-risk");
    ka_text_put_number(&text, found);
    ka_text_put_string(&text, found == 1 ? " living connection to " : " living connections to ");
    put_endpoint(&text, &event->envelope.dst);
    ka_text_put_string(&text, found == 1 ? " has" : " have");
    ka_text_put_string(&text, " no keepalive, or a slower one, on a path that did not survive a "
                              "silence of ");
    put_duration(&text, died);
    event->finding.evidence_of = KA_EVIDENCE_FLOWS;
    event->finding.advice = "turn keepalive on, with a time below that";
    event->finding.figures[0] = (struct ka_figure){"connections", (double)found};
}
