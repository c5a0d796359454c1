/* SPDX-License-Identifier: MIT */
/*
 * Whether events are refused for want of room: to be told once, and once when that is over, which
 * it is when none was for a while. Any thread may note, and nobody waits.
 */
#ifndef HTTPBROKER_HTTP_CROWDING_H
#define HTTPBROKER_HTTP_CROWDING_H

#include "common/clocks.h"

#include <stdbool.h>

#define OVERLOAD_QUIET (10 * NSEC_PER_SEC) /* without a refusal, then it is over */

struct overload {
	_Atomic nsec last; /* when one was refused (monotonic); 0: it is over, or never was */
};

enum overload_change { OVERLOAD_SAME, OVERLOAD_BEGINS, OVERLOAD_ENDS };

/* A request was judged; `refused`: there was no room for an event of it. */
enum overload_change overload_note(struct overload *overload, bool refused, nsec now);

#endif
