/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Writes the packets that matter (probes, answers, window probes, SYN, FIN, RST, ICMP errors) with
 * comments. A batch's packets are written when it has been judged; what may be a probe and is
 * judged later is kept meanwhile, at most KA_RECORDER_KEPT frames, and then written late, with its
 * own stamp. One that was pushed out by then is missing in the file, as are more than
 * KA_RECORDER_BYTES of it; its event is told all the same.
 */
#ifndef KA_CLI_RECORDER_H
#define KA_CLI_RECORDER_H

#include "cli/rotation.h"
#include "decode/packet.h"
#include "events/event.h"

enum { KA_RECORDER_KEPT = 8192, KA_RECORDER_BYTES = 256 };

struct ka_recorder;

/* Takes the rotation over on success. `input_names` (by index, `inputs` of them) must outlive it.
 * Returns 0, or -1 with the reason. */
int ka_recorder_create(struct ka_rotation *rotation, const char *const *input_names, size_t inputs,
                       struct ka_recorder **out, struct ka_error *error);

/* See ka_rotation_start. */
int ka_recorder_start(struct ka_recorder *recorder, ka_time now, struct ka_error *error);

/* These packets are judged next; they must stay until ka_recorder_end. */
void ka_recorder_begin(struct ka_recorder *recorder, const struct ka_packet *packets, size_t count);

/* Takes an event's word on its frame. */
void ka_recorder_event(struct ka_recorder *recorder, const struct ka_event *event);

/* Writes what of the batch matters. KA_ROTATION_FULL: no more is wanted. */
enum ka_rotation_result ka_recorder_end(struct ka_recorder *recorder, struct ka_error *error);

/* It is `now`, though no packet came: with -G another file may be due. */
enum ka_rotation_result ka_recorder_now(struct ka_recorder *recorder, ka_time now,
                                        struct ka_error *error);

/* Packets that a slow reader of the recording has lost so far. */
uint64_t ka_recorder_lost(const struct ka_recorder *recorder);

int ka_recorder_flush(struct ka_recorder *recorder, struct ka_error *error);
int ka_recorder_reopen(struct ka_recorder *recorder, struct ka_error *error);

/* Frees, but leaves the rotation to the caller again. */
void ka_recorder_release(struct ka_recorder *recorder);

/* Closes and frees; takes NULL. Returns 0, or -1 with the reason when anything was not written. */
int ka_recorder_close(struct ka_recorder *recorder, struct ka_error *error);

#endif
