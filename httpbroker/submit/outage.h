/* SPDX-License-Identifier: MIT */
/*
 * The broker's absences: when to try again, and when to give up. Pure; `now` is the monotonic
 * clock. The caller says what has happened, and is told what is worth saying: an absence is
 * announced once, and once when it is over.
 */
#ifndef HTTPBROKER_SUBMIT_OUTAGE_H
#define HTTPBROKER_SUBMIT_OUTAGE_H

#include "common/backoff.h"
#include "common/clocks.h"
#include "common/duration.h"

#include <stdbool.h>

struct outage {
	nsec retry_limit; /* from the first failure to giving up; NSEC_NEVER: never give up */
	nsec since;       /* when the first failure was seen; meaningful while away */
	nsec retry_at;    /* not before; 0: at once */
	bool away;
	bool given_up;
	struct backoff backoff;
};

void outage_init(struct outage *outage, nsec retry_limit);

/* An attempt failed. `chance` as for backoff_wait(). True if it is the first in a row. */
bool outage_failed(struct outage *outage, nsec now, uint32_t chance);

/* What follows from a failure, to be put behind why: for how long it will be tried again, and if
 * there is a spool (not NULL), what happens then. Empty: it will not be tried again. */
#define OUTAGE_TEXT 512
const char *outage_plan(const struct outage *outage, const char *spool, char out[OUTAGE_TEXT]);

/* From now on nobody waits: the next failure is the last. */
void outage_end_retries(struct outage *outage);

/* An attempt came through. True if that ends an absence. */
bool outage_over(struct outage *outage);

/* From now on no longer than `retry_limit`, and the next attempt at once: somebody wants us to end.
 */
void outage_set_limit(struct outage *outage, nsec now, nsec retry_limit);

#endif
