/* SPDX-License-Identifier: MIT */
/*
 * Open for the first half of every period, closed for the second: which half is it, and when does
 * it end? Pure: the time is an argument.
 *
 * The halves lie on a grid that never moves: on the monotonic clock from the start, or, aligned,
 * on the wall clock from the epoch. A turn that comes late shortens the half that it begins, so
 * nothing adds up. A half is never cut below half its length, nor stretched beyond one and a half
 * times: after a stop or a clock step the next one is back on the grid, or the one after it.
 */
#ifndef FLAPPER_OSCILLATOR_H
#define FLAPPER_OSCILLATOR_H

#include "common/clocks.h"

#include <stdbool.h>

struct oscillator {
	nsec period;   /* both halves together */
	bool aligned;  /* the grid is the wall clock's */
	nsec origin;   /* monotonic: where the grid begins; of no meaning when aligned */
	bool open;     /* which half it is */
	nsec began;    /* monotonic: when this half began by the grid, or in fact if off it */
	nsec deadline; /* monotonic: when it ends, which is when to call oscillator_turn() */
};

/*
 * Begins with an open half; aligned, in the middle of whatever half the wall clock is in, however
 * little is left of it.
 */
void oscillator_start(
	struct oscillator *oscillator, nsec period, bool aligned, const struct moment *now);

/*
 * The deadline has come: goes on to the half that is to be now. If that is the same one again, the
 * transitions of this deadline and of the next have both been slept through. Returns how many are
 * skipped, which is always an even number.
 */
int64_t oscillator_turn(struct oscillator *oscillator, const struct moment *now);

#endif
