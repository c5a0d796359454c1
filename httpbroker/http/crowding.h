/* SPDX-License-Identifier: MIT */
/*
 * Whether events are refused for want of room: to be told once, and once when that is over, which
 * it is when none was for a while. Any thread may note, and nobody waits.
 */
#ifndef HTTPBROKER_HTTP_CROWDING_H
#define HTTPBROKER_HTTP_CROWDING_H

#include "common/clocks.h"

#include <stdbool.h>

#define CROWDING_QUIET (10 * NSEC_PER_SEC) /* without a refusal, then it is over */

struct crowding {
	_Atomic nsec last; /* when one was refused (monotonic); 0: it is over, or never was */
};

enum crowding_change { CROWDING_SAME, CROWDING_BEGINS, CROWDING_ENDS };

/* A request was judged; `refused`: there was no room for an event of it. */
enum crowding_change crowding_note(struct crowding *crowding, bool refused, nsec now);

#endif
