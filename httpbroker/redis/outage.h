/* SPDX-License-Identifier: MIT */
/*
 * A time during which Redis cannot be had: each kind of failure is told once, the end once, and
 * the tries between are further and further apart.
 */
#ifndef HTTPBROKER_REDIS_OUTAGE_H
#define HTTPBROKER_REDIS_OUTAGE_H

#include "common/backoff.h"
#include "common/reason.h"

#include <stdbool.h>

/* From OUTAGE_PART on, each bit is something that is refused while the rest goes on. */
enum outage_kind { OUTAGE_UNREACHABLE = 1, OUTAGE_REFUSED = 2, OUTAGE_PART = 4 };

struct outage {
	const char *server; /* for the log; not owned */
	struct backoff backoff;
	bool away;         /* it lasts */
	unsigned told;     /* kinds, since it began */
	nsec since;        /* when it began */
	unsigned failures; /* ever */
	struct reason why; /* of the last failure */
};

void outage_init(struct outage *outage, const char *server);

/* A failure: logged as an error if it is the first of its kind, or kinds, in this outage. */
void outage_tell(struct outage *outage, unsigned kinds, const char *why, nsec now);

/* The same, and it spoilt the connection; returns when to try again. */
nsec outage_fail(struct outage *outage, enum outage_kind kind, const char *why, nsec now);

/* Redis does as it is told. */
void outage_end(struct outage *outage, nsec now);

#endif
