/* SPDX-License-Identifier: MIT */
/*
 * What was read of one thing over time: runs of equal readings, the newest 32. The time between two
 * runs is a time without a reading. Pure; all times are CLOCK_MONOTONIC.
 */
#ifndef OOBETET_WATCH_RUNS_H
#define OOBETET_WATCH_RUNS_H

#include "common/clocks.h"

#include <stdbool.h>

#define RUNS_MAX 32

struct run {
	int value;
	nsec from, until; /* its first and its last reading */
};

struct runs {
	int count;                /* the oldest is run[0] */
	struct run run[RUNS_MAX]; /* all zero: no readings */
};

/*
 * Adds a reading. It continues the last run if it has the same value and came within `gap`. One
 * that is older than the last reading is ignored.
 */
void runs_add(struct runs *runs, int value, nsec at, nsec gap);

/* The newest run; NULL: there is none. */
const struct run *runs_last(const struct runs *runs);

/*
 * Since when there were readings up to `until` without a pause longer than `gap`; `until` itself if
 * there were none.
 */
nsec runs_covered(const struct runs *runs, nsec until, nsec gap);

/* How long readings had this value from `from` to `until`. */
nsec runs_span(const struct runs *runs, int value, nsec from, nsec until);

/* True if a reading in this time had this value. */
bool runs_had(const struct runs *runs, int value, nsec from, nsec until);

#endif
