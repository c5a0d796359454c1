/* SPDX-License-Identifier: MIT */
/*
 * Active time: CLOCK_MONOTONIC less all periods in which this process did not run: stopped by a
 * signal, frozen, starved. (During a suspension CLOCK_MONOTONIC itself stops.) Only silence in
 * active time counts. A turn that comes later than `tick`, by more than load explains, or after
 * SIGCONT, ends such a period. Pure.
 */
#ifndef OOBETET_WATCH_ACTIVETIME_H
#define OOBETET_WATCH_ACTIVETIME_H

#include "common/clocks.h"

#include <stdbool.h>

#define ACTIVE_TIME_GAPS 16 /* absences kept one by one; of older ones only the sum is known */

struct active_time {
	nsec tick;      /* the longest regular pause between two turns */
	nsec turned;    /* the last turn, CLOCK_MONOTONIC */
	nsec suspended; /* CLOCK_BOOTTIME less CLOCK_MONOTONIC, then */
	nsec away;      /* all absences so far */
	struct {
		nsec from, until; /* CLOCK_MONOTONIC */
	} gaps[ACTIVE_TIME_GAPS];
	int count; /* absences so far: the newest is in gaps[(count - 1) % ACTIVE_TIME_GAPS] */
};

/* Running from now on. */
void active_time_begin(struct active_time *active_time, nsec tick, nsec monotonic, nsec boot);

/*
 * A turn; `continued`: SIGCONT came since the last one. Returns how long the process did not run
 * since then, suspension included; 0: it ran.
 */
nsec active_time_turn(struct active_time *active_time, bool continued, nsec monotonic, nsec boot);

/* Converts a moment of CLOCK_MONOTONIC, which may be in the past, to active time. */
nsec active_time_at(const struct active_time *active_time, nsec monotonic);

#endif
