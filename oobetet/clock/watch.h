/* SPDX-License-Identifier: MIT */
/*
 * The decision: has either half of the flapper's period, problem or recovery, not been heard for
 * longer than max_latency? Pure: what was heard, and when, goes in; what to tell comes out. All
 * times are monotonic.
 */
#ifndef OOBETET_CLOCK_WATCH_H
#define OOBETET_CLOCK_WATCH_H

#include "common/clocks.h"
#include "oobetet/clock/match.h"

#include <stdbool.h>

struct watch;

/* Both kinds count as seen at `now`. Free with watch_free(). */
struct watch *watch_new(nsec max_latency, nsec repeat_interval, nsec now);
void watch_free(struct watch *watch);

/*
 * What was heard at `stamp`, in the order of the stamps. A gap that this line ends is an alarm
 * as well if it was too long, even if nobody has judged meanwhile.
 */
void watch_hear(struct watch *watch, enum kind kind, nsec stamp);

/* A line that was stamped in time may still be on its way: nothing is judged before this is over.
 */
#define WATCH_GRACE (200 * NSEC_PER_MSEC)

enum verdict {
	WATCH_QUIET,  /* nothing to tell */
	WATCH_ALARM,  /* an incident begins */
	WATCH_REPEAT, /* it goes on: say so again */
	WATCH_HEALED, /* both kinds have been heard within max_latency again */
};

/* What to tell now. More may be due at once: call it until it says WATCH_QUIET. */
enum verdict watch_judge(struct watch *watch, nsec now);

/* When watch_judge() will have something to tell if nothing is heard until then. */
nsec watch_deadline(const struct watch *watch);

struct incident {
	nsec since;        /* when max_latency was over */
	nsec last;         /* when the missing kind had been heard last */
	enum kind missing; /* the kind that was missed first */
};

/* The incident that watch_judge() spoke of last. */
const struct incident *watch_incident(const struct watch *watch);

/* How long ago an acknowledgement was heard, which silences Flapjack; NSEC_NEVER: never. */
nsec watch_acknowledged(const struct watch *watch, nsec now);

#endif
