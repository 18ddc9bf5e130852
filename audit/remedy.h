/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What helps against the expiry that an audit found: keepalives, data, or neither. Pure.
 */
#ifndef KA_AUDIT_REMEDY_H
#define KA_AUDIT_REMEDY_H

#include "audit/engine.h"

/* True when the refreshing series lived through more than its silent one, `base`, which died. */
bool ka_remedy_refreshes(const struct ka_series *series, const struct ka_series *base);

/* What keeps a connection alive on the path, as far as the arms tell. */
enum ka_remedy {
    KA_REMEDY_UNTRIED,   /* no keepalive arm was run */
    KA_REMEDY_KEEPALIVE, /* 0-byte keepalives of one side at least, whoever speaks first */
    KA_REMEDY_DATA,      /* not they, but data */
    KA_REMEDY_NOT_SEEN,  /* not they, and data was not tried */
    KA_REMEDY_NONE,      /* neither */
};

enum ka_remedy ka_remedy_judge(const struct ka_audit_result *result);

#endif
