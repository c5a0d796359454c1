/* SPDX-License-Identifier: MIT */
/* Writes an event for Flapjack's queue, as one more argument of a list. */
#ifndef HTTPBROKER_DELIVERY_FLAPJACK_H
#define HTTPBROKER_DELIVERY_FLAPJACK_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/redis/resp.h"

/* The event (of struct prepared), with this time (seconds since the epoch). */
void flapjack_event(struct resp_list *queue, struct text event, int64_t time);

/* The last event of a check, with this time. */
void flapjack_check(struct resp_list *queue, const struct check *check, int64_t time);

/*
 * A stale check, or one whose run has exceeded its limit, as an event with this state: the summary
 * says which (how long is by the monotonic clock); tags and delays are the check's.
 */
void flapjack_stale(
	struct resp_list *queue, const struct check *check, enum state state, struct moment now);

/* That state in capitals, as the original wrote it. A lasting one. */
const char *flapjack_stale_word(enum state state);

#endif
