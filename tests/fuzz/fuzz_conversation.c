/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The bytes as payloads that two sides send in turn: a length, then as many bytes, again and again.
 */
#include "analyzers/history.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ka_history *history = calloc(1, sizeof(*history));
    struct ka_conn conn = {.key = {.port = {40000, 80}}};
    struct ka_frame frame = {.time = 0};
    unsigned side = 0;
    if (history == NULL)
        return 0;
    history->last_data[0] = history->last_data[1] = KA_TIME_NONE;
    while (size > 1) {
        size_t length = data[0] < size - 1 ? data[0] : size - 1;
        /* In memory of its own, so that a byte read beyond it is noticed. */
        uint8_t *payload = malloc(length > 0 ? length : 1);
        if (payload == NULL)
            break;
        memcpy(payload, data + 1, length);
        struct ka_packet packet = {
            .frame = &frame,
            .payload = payload,
            .payload_captured = (uint32_t)length,
            .tcp = {.length = (uint32_t)length + (data[0] & 1u)},
        };
        frame.number++;
        frame.time += data[0] * 100 * KA_MILLISECOND;
        ka_heartbeat_data(history, &conn, side, &packet);
        ka_http_data(history, &conn, side, &packet);
        history->last_data[side] = frame.time;
        free(payload);
        data += 1 + length;
        size -= 1 + length;
        side = !side;
    }
    struct ka_ev_heartbeat heartbeat;
    for (side = 0; side < 2; side++)
        ka_heartbeat_fill(history, side, 0, &heartbeat);
    free(history);
    return 0;
}
