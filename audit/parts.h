/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the active audit share among themselves: engine.c runs the loop, series.c
 * decides what to try, connection.c deals with the sockets. Nothing else includes this.
 */
#ifndef KA_AUDIT_PARTS_H
#define KA_AUDIT_PARTS_H

#include "audit/engine.h"
#include "audit/message.h"
#include "audit/tcp.h"
#include "audit/trial.h"
#include "audit/watch.h"

enum ka_conn_kind { KA_CONN_FREE, KA_CONN_TRIAL, KA_CONN_CONTROL, KA_CONN_CHECK };

/* Where the conversation on a control or check connection stands. */
enum ka_conn_step { KA_STEP_CONNECTING, KA_STEP_GREETING, KA_STEP_ASKED, KA_STEP_OPEN };

struct ka_conn {
    int fd;
    uint8_t kind;   /* enum ka_conn_kind */
    uint8_t state;  /* trials: enum ka_trial_state; others: enum ka_conn_step */
    uint8_t result; /* of a trial that waits to be verified */
    uint8_t after;
    struct ka_watched seen; /* of the reset it died of, here or on the far end */
    uint16_t port;          /* ours */
    bool verifying;         /* died; a fresh connection must show that the path is there */
    uint8_t rearmed;        /* times the silence began anew because something was heard */
    uint32_t generation;
    uint32_t number;   /* of the trial */
    uint32_t probe;    /* the 1-byte keepalive that waits for its answer; 0 none */
    uint32_t segments; /* that had come before it */
    int series;        /* index; -1 for the first trial, which only shows that the far end serves */
    ka_time planned;   /* silence */
    ka_time interval;  /* between refreshes by us; 0 none */
    ka_time begun;     /* of the silence */
    ka_time idle;      /* the silence that was judged */
    ka_time deadline;  /* something is to be done */
    ka_time refresh;   /* the next refresh; KA_TIME_NONE none */
    ka_time late;      /* while polling for an acknowledgement: when to give up */
    ka_time judged;    /* when it was */
    struct ka_message_line line;
};

/* What was told of a trial by its number, for reports that come after it was judged. */
struct ka_launched {
    int series;
    ka_time interval; /* between refreshes; 0 none */
};

/* A trial that waits to be opened. */
struct ka_planned {
    int series;
    ka_time silence;
};

enum ka_link {
    KA_LINK_OPENING, /* the first control connection is on its way */
    KA_LINK_TESTING, /* plain: the trial without a silence runs */
    KA_LINK_UP,
    KA_LINK_DOWN, /* lost; tried again until `grace` is over */
    KA_LINK_OVER,
};

struct ka_audit {
    const struct ka_audit_config *config;
    struct ka_audit_result *result;
    struct ka_error *error;
    struct ka_ports *ports;
    struct ka_watch *watch; /* NULL without the privilege */
    struct ka_conn *conns;
    uint32_t size;            /* slots */
    uint32_t open;            /* slots in use */
    uint32_t top;             /* slots that were ever in use */
    struct ka_planned *queue; /* longest silence last: taken from the end */
    size_t queued, queue_room;
    struct ka_launched *launched; /* by trial number */
    size_t numbers, launched_room;
    int epoll;
    int control;  /* slot; -1 none */
    int check;    /* slot; -1 none */
    bool failed;  /* *error says why */
    uint8_t link; /* enum ka_link */
    uint32_t judged;
    ka_time now;
    ka_time check_begun;
    ka_time down_since;
    ka_time retry; /* when to try the far end again; KA_TIME_NONE not */
    ka_time next_ping;
    ka_time last_pong;
    ka_time next_launch;
};

/* connection.c */

/* The series a trial belongs to; the silent arm for the first trial, which belongs to none. */
const struct ka_series *ka_conn_series(const struct ka_audit *audit, const struct ka_conn *conn);

/* Opens a connection of the kind. Returns its slot, or -1 with audit->failed set or, when the
 * path gives an error at once, without. */
int ka_conn_open(struct ka_audit *audit, uint8_t kind);
/* Opens the trial that was planned. */
void ka_conn_open_trial(struct ka_audit *audit, const struct ka_planned *planned);
/* The epoll events of a connection. */
void ka_conn_ready(struct ka_audit *audit, struct ka_conn *conn, uint32_t events);
/* Its deadline has come. */
void ka_conn_due(struct ka_audit *audit, struct ka_conn *conn);
/* Closes and frees the slot. */
void ka_conn_close(struct ka_audit *audit, struct ka_conn *conn);
/* Gives a trial an input of the table. */
void ka_conn_input(struct ka_audit *audit, struct ka_conn *conn, uint8_t input);

/* refresh.c */

/* Looks whether its 1-byte keepalive was answered. */
void ka_conn_settle(struct ka_audit *audit, struct ka_conn *conn);
/* Its refresh is due. */
void ka_conn_refresh(struct ka_audit *audit, struct ka_conn *conn);

/* link.c: control and check connections */

void ka_link_open(struct ka_audit *audit);
void ka_link_ready(struct ka_audit *audit, struct ka_conn *conn, uint32_t events);
void ka_link_due(struct ka_audit *audit, struct ka_conn *conn);
/* Something died: sees to it that a check is on its way. */
void ka_link_suspect(struct ka_audit *audit);
/* The path or the far end is gone: whatever is on the way says nothing any more. */
void ka_link_lost(struct ka_audit *audit);
/* Timers of the link as a whole. */
void ka_link_tick(struct ka_audit *audit);

/* series.c */

/* Makes the list of series from the configuration. Returns 0, or -1 with the reason. */
int ka_series_prepare(struct ka_audit *audit);
/* Plans and queues whatever can be tried now. False when nothing is left to do. */
bool ka_series_advance(struct ka_audit *audit);
/* Keeps what became of a trial of a series and closes it; others that nothing can be learned from
 * any more are dropped. */
void ka_series_keep(struct ka_audit *audit, struct ka_conn *conn, uint8_t result);
/* The time between refreshes for a trial of this silence. */
ka_time ka_series_interval(const struct ka_series *series, ka_time silence);

#endif
