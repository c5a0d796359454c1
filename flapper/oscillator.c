/* SPDX-License-Identifier: MIT */
#include "flapper/oscillator.h"

/* The second half of an odd number of nanoseconds is longer by one. */
static nsec half_length(const struct oscillator *oscillator, bool open)
{
	nsec first = oscillator->period / 2;

	return open ? first : oscillator->period - first;
}

/* The position of `now` in its period: 0 ≤ phase < period. */
static nsec phase(const struct oscillator *oscillator, const struct moment *now)
{
	nsec since = oscillator->aligned ? now->wall : now->monotonic - oscillator->origin;
	nsec within = since % oscillator->period;

	return within < 0 ? within + oscillator->period : within;
}

/* The time to the next end of such a half on the grid: 0 < left ≤ period. */
static nsec left_of_half(const struct oscillator *oscillator, bool open, const struct moment *now)
{
	nsec end = open ? half_length(oscillator, true) : oscillator->period;
	nsec left = end - phase(oscillator, now);

	return left > 0 ? left : left + oscillator->period;
}

void oscillator_start(
	struct oscillator *oscillator, nsec period, bool aligned, const struct moment *now)
{
	*oscillator = (struct oscillator){.period = period, .aligned = aligned};
	oscillator->origin = oscillator->began = now->monotonic;
	oscillator->open = phase(oscillator, now) < half_length(oscillator, true);
	oscillator->deadline = now->monotonic + left_of_half(oscillator, oscillator->open, now);
}

/* The number of whole halves since the deadline. */
static int64_t halves_missed(const struct oscillator *oscillator, nsec now)
{
	nsec late = now - oscillator->deadline;
	bool another = late % oscillator->period >= half_length(oscillator, !oscillator->open);

	return late / oscillator->period * 2 + another;
}

static nsec clamp(nsec value, nsec low, nsec high)
{
	return value < low ? low : value > high ? high : value;
}

int64_t oscillator_turn(struct oscillator *oscillator, const struct moment *now)
{
	int64_t missed = halves_missed(oscillator, now->monotonic);
	bool other = missed % 2 == 0;

	oscillator->open = other ? !oscillator->open : oscillator->open;
	nsec half = half_length(oscillator, oscillator->open);
	nsec left = left_of_half(oscillator, oscillator->open, now);
	/* a continued half was long enough before */
	nsec length = clamp(left, other ? half - half / 2 : 0, half + half / 2);
	bool on_grid = missed == 0 && length == left;
	oscillator->began = on_grid ? oscillator->deadline : now->monotonic;
	oscillator->deadline = now->monotonic + length;
	return other ? missed : missed + 1;
}
