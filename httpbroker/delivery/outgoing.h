/* SPDX-License-Identifier: MIT */
/* What goes to Flapjack's queue, as one argument more of a list. */
#ifndef HTTPBROKER_DELIVERY_OUTGOING_H
#define HTTPBROKER_DELIVERY_OUTGOING_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/redis/resp.h"

/* The event itself, with this time (seconds since the epoch). */
void flapjack_event(struct resp_list *queue, const struct encoded *encoded, int64_t time);

/*
 * That the check has not been heard of for too long: it is said to be in this state, with a
 * summary that says for how long (by the monotonic clock: setting the clock changes nothing), the
 * check's tags and delays.
 */
void flapjack_stale(
	struct resp_list *queue, const struct check *check, enum state state, struct moment now);

/* How that state is written then, in capitals as the original wrote it. It is one that lasts. */
const char *flapjack_stale_word(enum state state);

#endif
