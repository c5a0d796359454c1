/* SPDX-License-Identifier: MIT */
/*
 * Whether Redis may delete keys to make room, by its maxmemory-policy: states and events must not
 * be in such a Redis. Pure: what `INFO memory` answers and the time go in.
 */
#ifndef HTTPBROKER_DELIVERY_EVICTION_H
#define HTTPBROKER_DELIVERY_EVICTION_H

#include "common/clocks.h"

#include <stdbool.h>

#define EVICTION_ASKED (600 * NSEC_PER_SEC) /* so often: it can be changed at any time */

enum { EVICTION_POLICY = 32 }; /* bytes that hold a policy's name, or what is shown of it */

struct eviction {
	nsec ask_at; /* 0: at once */
	bool evicts; /* by the last answer */
};

enum eviction_change { EVICTION_SAME, EVICTION_BEGINS, EVICTION_ENDS };

/* Takes the answer; the policy is written to `policy`. An answer without one changes nothing. */
enum eviction_change eviction_update(
	struct eviction *eviction, const char *info, char policy[EVICTION_POLICY], nsec now);

#endif
