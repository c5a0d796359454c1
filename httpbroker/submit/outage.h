/* SPDX-License-Identifier: MIT */
/*
 * Outages of the broker: when to retry, and when to give up. Pure; `now` is the monotonic clock.
 * The results tell the caller what to log: an outage once, and its end once.
 */
#ifndef HTTPBROKER_SUBMIT_OUTAGE_H
#define HTTPBROKER_SUBMIT_OUTAGE_H

#include "common/backoff.h"
#include "common/clocks.h"
#include "common/duration.h"

#include <stdbool.h>

struct outage {
	nsec retry_limit; /* from the first failure; NSEC_NEVER: none */
	nsec since;       /* the first failure; while away */
	nsec retry_at;    /* 0: at once */
	bool away;
	bool given_up;
	struct backoff backoff;
};

void outage_init(struct outage *outage, nsec retry_limit);

/* An attempt failed. `chance` as for backoff_wait(). True: it is the first in a row. */
bool outage_failed(struct outage *outage, nsec now, uint32_t chance);

/* Text behind a failure's reason: how long it is retried and, with a spool (not NULL), what happens
 * then. Empty: it is not retried. */
#define OUTAGE_TEXT 512
const char *outage_plan(const struct outage *outage, const char *spool, char out[OUTAGE_TEXT]);

/* The next failure is the last. */
void outage_end_retries(struct outage *outage);

/* An attempt succeeded. True: that ends an outage. */
bool outage_over(struct outage *outage);

/* The program is to end: sets another limit from now on, and retries at once. */
void outage_set_limit(struct outage *outage, nsec now, nsec retry_limit);

#endif
