/* SPDX-License-Identifier: MIT */
/* What needs no queue: --query (a GET), --start (a ping) and --forget (a DELETE). */
#ifndef HTTPBROKER_SUBMIT_REQUESTS_H
#define HTTPBROKER_SUBMIT_REQUESTS_H

#include "common/clocks.h"
#include "httpbroker/submit/rows.h"
#include "httpbroker/submit/sender.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * Asks the brokers in turn until one answers. Returns the exit code of a plugin: 0 ok, 1 warning, 2
 * critical, 3 unknown; 3 as well where no check matches or no broker answers. Of several states the
 * worst counts: critical, unknown, warning, ok.
 */
int query_run(const struct query *query, const struct sender *sender, FILE *out);

/* --start: reports that a run of a job starts, by a ping (httpbroker-http(7), PINGS). */
struct start {
	const char *entity, *check;
	nsec limit; /* of the run; NSEC_NEVER: the broker's */
};

/*
 * Asks each broker once, in turn, for 5 seconds together: the job must not wait for long. A failure
 * is logged, nothing more: the job's result is what counts.
 */
void start_send(const struct start *start, const struct sender *sender);

/* The query for a check, or for all of `entity` where `check` is NULL. To be freed. */
char *forget_query(const char *entity, const char *check);

/*
 * Asks until the broker responds, for `retry_limit` at most. Returns the exit code: 0, EX_DATAERR
 * (there is no such check, or it may not be forgotten), EX_UNAVAILABLE. Signals as for
 * submit_run().
 */
int forget_run(struct sender *sender, const char *query, nsec retry_limit, bool verbose);

#endif
