/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the text form says of the application on a connection.
 */
#include "events/names.h"
#include "output/line.h"

void ka_line_http(struct ka_text *line, const struct ka_ev_http *http)
{
    if (http->requests + http->responses == 0)
        return;
    ka_text_put_string(line, http->minor == 0 ? "HTTP/1.0, " : "HTTP/1.1, ");
    ka_line_count(line, http->requests, "request");
    ka_text_put_string(line, ", ");
    ka_line_count(line, http->responses, "response");
    if (http->persistence == KA_HTTP_PERSISTENT)
        ka_text_put_string(line, ", persistent");
    else if (http->persistence == KA_HTTP_CLOSE)
        ka_text_put_string(line, ", closing after it");
    if (http->timeout != KA_TIME_NONE) {
        ka_text_put_string(line, ", Keep-Alive timeout ");
        ka_line_duration(line, http->timeout);
    }
    if (http->max > 0) {
        ka_text_put_string(line, ", max ");
        ka_text_put_number(line, http->max);
    }
    if (http->closed_by != KA_CLOSER_NONE) {
        ka_text_put_string(line, ", closed by the ");
        ka_text_put_string(line, ka_names_closer[http->closed_by]);
        ka_text_put_string(line, " after ");
        ka_line_duration(line, http->idle_before_close);
        ka_text_put_string(line, " idle");
    }
    if (http->cut)
        ka_text_put_string(line, " (headers cut by the snap length)");
}

void ka_line_heartbeat(struct ka_text *line, const struct ka_ev_heartbeat *heartbeat, bool one_way)
{
    if (!heartbeat->present)
        return;
    ka_text_put_string(line, "heartbeat of the ");
    ka_text_put_string(line, ka_names_side[heartbeat->asker]);
    if (heartbeat->name != NULL) {
        ka_text_put_string(line, ", ");
        ka_text_put_string(line, heartbeat->name);
    }
    if (heartbeat->period != KA_TIME_NONE) {
        ka_text_put_string(line, ", every ");
        ka_line_duration(line, heartbeat->period);
    }
    if (heartbeat->jitter != KA_TIME_NONE) {
        ka_text_put_string(line, " give or take ");
        ka_line_duration(line, heartbeat->jitter);
    }
    ka_text_put_string(line, ", ");
    ka_line_count(line, heartbeat->size, "byte");
    ka_text_put_string(line, ", ");
    if (one_way) {
        ka_line_count(line, heartbeat->sent, "message");
        ka_text_put_string(line, ", answers not captured");
        return;
    }
    ka_text_put_number(line, heartbeat->answered);
    ka_text_put_string(line, " of ");
    ka_text_put_number(line, heartbeat->sent);
    ka_text_put_string(line, " answered");
    if (heartbeat->missing > 0) {
        ka_text_put_string(line, ", the last ");
        ka_text_put_number(line, heartbeat->missing);
        ka_text_put_string(line, " not");
    }
}
