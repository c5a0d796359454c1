/* SPDX-License-Identifier: MIT */
/*
 * The messages that were accepted within the last hour, so that one that SNS sends again, because
 * our answer was lost, has no second effect. No lock: the caller's.
 */
#ifndef HTTPBROKER_SNS_SEEN_H
#define HTTPBROKER_SNS_SEEN_H

#include "common/clocks.h"
#include "httpbroker/events/event.h"

#define SEEN_LASTS (3600 * NSEC_PER_SEC)
enum { SEEN_MAX = 50000 }; /* of more within an hour the oldest are forgotten */

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *seen);

/* `now` is monotonic. */
void seen_add(struct seen *seen, struct text message_id, nsec now);
bool seen_has(struct seen *seen, struct text message_id, nsec now);

#endif
