/* SPDX-License-Identifier: MIT */
/* --start: reports that a run of a job starts, by a ping (httpbroker-http(7), PINGS). */
#ifndef HTTPBROKER_SUBMIT_START_H
#define HTTPBROKER_SUBMIT_START_H

#include "common/clocks.h"
#include "httpbroker/submit/sender.h"

struct start {
	const char *entity, *check;
	nsec limit; /* of the run; NSEC_NEVER: the broker's */
};

/*
 * Asks each broker once, in turn, for 5 seconds together: the job must not wait for long. A failure
 * is logged, nothing more: the job's result is what counts.
 */
void start_send(const struct start *start, const struct sender *sender);

#endif
