/* SPDX-License-Identifier: MIT */
/*
 * The time during which oobetet was there to hear, which alone is silence when nothing is heard.
 * It runs with CLOCK_MONOTONIC, but stands still while this process did: stopped by a signal,
 * frozen, starved. (While the machine is suspended CLOCK_MONOTONIC stands still by itself.)
 *
 * Whoever is awake looks at it at least every `tick`: a turn that comes later than that, by more
 * than load explains, or after SIGCONT, ends an absence. Pure.
 */
#ifndef OOBETET_WATCH_ACTIVETIME_H
#define OOBETET_WATCH_ACTIVETIME_H

#include "common/clocks.h"

#include <stdbool.h>

#define ACTIVE_TIME_GAPS 16 /* absences whose place is known; of older ones only the sum */

struct active_time {
	nsec tick;      /* the longest pause between two turns of one who is awake */
	nsec turned;    /* the last turn, CLOCK_MONOTONIC */
	nsec suspended; /* CLOCK_BOOTTIME less CLOCK_MONOTONIC, then */
	nsec away;      /* all absences so far */
	struct {
		nsec from, until; /* CLOCK_MONOTONIC */
	} gaps[ACTIVE_TIME_GAPS];
	int count; /* absences so far: the newest is in gaps[(count - 1) % ACTIVE_TIME_GAPS] */
};

/* Awake from now on. */
void active_time_begin(struct active_time *active_time, nsec tick, nsec monotonic, nsec boot);

/*
 * A turn; `continued`: SIGCONT came since the last one. Returns how long nobody listened since
 * then, suspension included; 0: somebody did.
 */
nsec active_time_turn(struct active_time *active_time, bool continued, nsec monotonic, nsec boot);

/* Where on the axis of attention a moment of CLOCK_MONOTONIC lies, which may be in the past. */
nsec active_time_at(const struct active_time *active_time, nsec monotonic);

#endif
