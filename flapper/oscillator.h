/* SPDX-License-Identifier: MIT */
/*
 * Open for the first half of every period, closed for the second: the current half and its end.
 * Pure: the time is an argument.
 *
 * The halves lie on a fixed grid: of the monotonic clock from the start, or, aligned, of the wall
 * clock from the epoch. A late turn shortens the half that it begins, so delays do not add up. A
 * half lasts at least half and at most one and a half times its length: after a stop or a clock
 * step the next half is back on the grid, or the one after it.
 */
#ifndef FLAPPER_OSCILLATOR_H
#define FLAPPER_OSCILLATOR_H

#include "common/clocks.h"

#include <stdbool.h>

struct oscillator {
	nsec period;   /* both halves together */
	bool aligned;  /* the grid is of the wall clock */
	nsec origin;   /* monotonic: where the grid begins; unused when aligned */
	bool open;     /* the first half */
	nsec began;    /* monotonic: when this half began by the grid, or in fact if off it */
	nsec deadline; /* monotonic: when it ends, which is when to call oscillator_turn() */
};

/*
 * Begins with an open half; aligned, in the half that the wall clock is in, however little is left
 * of it.
 */
void oscillator_start(
	struct oscillator *oscillator, nsec period, bool aligned, const struct moment *now);

/*
 * To be called at the deadline: begins the half that is current now. If it is the same again, the
 * transitions of this deadline and of the next were both missed. Returns the number of missed
 * transitions, which is always even.
 */
int64_t oscillator_turn(struct oscillator *oscillator, const struct moment *now);

#endif
