/* SPDX-License-Identifier: MIT */
/*
 * What became of the events: counted, and each that was refused is named on stderr, with the place
 * that it comes from. Behind a pipe the line alone names nothing: so the event's beginning, too.
 */
#ifndef HTTPBROKER_SUBMIT_RESULTS_H
#define HTTPBROKER_SUBMIT_RESULTS_H

#include "common/reason.h"
#include "httpbroker/submit/queue.h"
#include "httpbroker/submit/response.h"

struct results {
	bool verbose; /* those that were accepted are named, too */
	uint64_t accepted;
	uint64_t refused; /* by us or by the broker */
};

/* What the input has here is no event. */
void results_unreadable(
	struct results *results, const struct origin *origin, const struct reason *why);

/* The broker has answered for it: OUTCOME_ACCEPTED or OUTCOME_REFUSED, and why. */
void results_answered(
	struct results *results, const struct queued *event, enum outcome outcome, const char *why);

/* Of all these it never did: no broker took them. `whole`: nothing was left unread. */
void results_undelivered(const struct queue *queue, const char *brokers, bool whole);

#endif
