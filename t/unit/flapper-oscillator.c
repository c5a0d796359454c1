/* SPDX-License-Identifier: MIT */
/* When the port opens and closes, with made-up clocks. */
#include "t/unit/unit.h"

#include "flapper/oscillator.h"

#define SECOND NSEC_PER_SEC
#define MINUTE (60 * NSEC_PER_SEC)

/* Random numbers that are the same in every run. */
static uint64_t random_state = 1;

static nsec random_below(nsec below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (nsec)((random_state >> 11) % (uint64_t)below);
}

static struct moment at(nsec monotonic, nsec wall)
{
	return (struct moment){.monotonic = monotonic, .wall = wall};
}

static int64_t turn(struct oscillator *oscillator, nsec monotonic, nsec wall)
{
	struct moment now = at(monotonic, wall);

	return oscillator_turn(oscillator, &now);
}

static void start(struct oscillator *oscillator, nsec period, bool aligned, nsec mono, nsec wall)
{
	struct moment now = at(mono, wall);

	oscillator_start(oscillator, period, aligned, &now);
}

static void the_first_half_is_open(void **state)
{
	struct oscillator oscillator;

	(void)state;
	start(&oscillator, 2 * MINUTE, false, 5 * SECOND, 0);
	assert_true(oscillator.open);
	assert_int_equal(oscillator.deadline, 5 * SECOND + MINUTE);
	assert_int_equal(turn(&oscillator, oscillator.deadline, 0), 0);
	assert_false(oscillator.open);
	assert_int_equal(oscillator.deadline, 5 * SECOND + 2 * MINUTE);
	assert_int_equal(oscillator.deadline - oscillator.began, MINUTE);
}

/* Late turns do not add up: after a million periods the phase is exact. */
static void the_phase_does_not_drift_in_a_million_periods(void **state)
{
	static const nsec periods[] = {2 * NSEC_PER_MSEC, 2 * NSEC_PER_MSEC + 1, 120 * SECOND,
		7 * 86400 * SECOND / 1000 + 333333333};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(periods); i++) {
		nsec period = periods[i], began = 123456789;
		struct oscillator oscillator;

		start(&oscillator, period, false, began, 0);
		for (int64_t n = 0; n < 1000000; n++) {
			assert_true(oscillator.open);
			assert_int_equal(oscillator.deadline, began + n * period + period / 2);
			turn(&oscillator, oscillator.deadline + random_below(period / 4), 0);
			assert_false(oscillator.open);
			assert_int_equal(oscillator.deadline, began + (n + 1) * period);
			turn(&oscillator, oscillator.deadline + random_below(period / 4), 0);
		}
	}
}

static void a_late_wakeup_reports_the_full_half(void **state)
{
	struct oscillator oscillator;

	(void)state;
	start(&oscillator, 2 * MINUTE, false, 0, 0);
	turn(&oscillator, MINUTE + 60 * NSEC_PER_MSEC, 0);
	assert_int_equal(oscillator.deadline - oscillator.began, MINUTE);
}

static void missed_halves_are_skipped(void **state)
{
	struct oscillator oscillator;

	(void)state;
	start(&oscillator, 2 * SECOND, false, 0, 0);
	/* stopped for three periods in the open half: it is over, and so are three more */
	assert_int_equal(turn(&oscillator, 7 * SECOND + SECOND / 4, 0), 6);
	assert_false(oscillator.open);
	assert_int_equal(oscillator.deadline, 8 * SECOND);
	assert_int_equal(oscillator.deadline - oscillator.began, SECOND * 3 / 4);
	/* one open half was missed: still closed */
	assert_int_equal(turn(&oscillator, 9 * SECOND + SECOND * 7 / 8, 0), 2);
	assert_false(oscillator.open);
	assert_int_equal(oscillator.deadline, 10 * SECOND);
}

static void the_closed_half_gets_an_odd_nanosecond(void **state)
{
	struct oscillator oscillator;

	(void)state;
	start(&oscillator, 2 * SECOND + 1, false, 0, 0);
	assert_int_equal(turn(&oscillator, oscillator.deadline + SECOND, 0), 0);
	start(&oscillator, 2 * SECOND + 1, false, 0, 0);
	assert_int_equal(turn(&oscillator, oscillator.deadline + SECOND + 1, 0), 2);
}

static void no_half_is_shorter_than_half_its_length(void **state)
{
	struct oscillator oscillator;

	(void)state;
	start(&oscillator, 2 * SECOND, false, 0, 0);
	/* a tenth of the closed half remains */
	turn(&oscillator, SECOND * 19 / 10, 0);
	assert_false(oscillator.open);
	assert_int_equal(oscillator.deadline, SECOND * 24 / 10);
	/* the open half after it ends at its regular time */
	turn(&oscillator, oscillator.deadline, 0);
	assert_true(oscillator.open);
	assert_int_equal(oscillator.deadline, 3 * SECOND);
}

/* Random stops: every half is long enough, the phase is kept, no transition is invented. */
static void random_stops_keep_the_phase(void **state)
{
	const nsec period = 2 * SECOND + 1, half = SECOND;
	struct oscillator oscillator;
	nsec now = 77;

	(void)state;
	start(&oscillator, period, false, now, 0);
	for (int i = 0; i < 200000; i++) {
		bool was_open = oscillator.open;
		nsec deadline = oscillator.deadline, began = now;

		now = deadline + random_below(i % 3 == 0 ? 20 * SECOND : SECOND / 10);
		int64_t skipped = turn(&oscillator, now, 0);
		/* of the boundaries between deadline and now at most one is made */
		int64_t passed = 1 + (now - deadline) / period * 2 +
				 ((now - deadline) % period >= half + was_open);
		assert_true(now - began >= half / 2);
		assert_int_equal(skipped, passed / 2 * 2);
		assert_int_equal(oscillator.open == was_open, passed % 2 == 0);
		assert_true(oscillator.deadline > now);
		assert_true(oscillator.deadline - now <= half + half / 2 + 1);
		if (oscillator.open == was_open) /* goes on */
			now = began;
		if (i % 3 == 2) { /* two on time after the last stop */
			nsec end = (oscillator.deadline - 77) % period;
			assert_int_equal(end, oscillator.open ? half : 0);
		}
	}
}

static void aligned_starts_in_the_half_of_the_wall_clock(void **state)
{
	static const struct {
		nsec wall;
		bool open;
		nsec left;
	} cases[] = {
		{0, true, MINUTE},
		{MINUTE - 1, true, 1},
		{MINUTE, false, MINUTE},
		{2 * MINUTE - 1, false, 1},
		{2 * MINUTE, true, MINUTE},
		{1234567 * 2 * MINUTE + 17 * SECOND, true, 43 * SECOND},
		{-1, false, 1},
		{-2 * MINUTE, true, MINUTE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct oscillator oscillator;

		start(&oscillator, 2 * MINUTE, true, 99, cases[i].wall);
		assert_int_equal(oscillator.open, cases[i].open);
		assert_int_equal(oscillator.deadline, 99 + cases[i].left);
	}
}

/* The clocks are read one after the other: the wall clock may be just before the boundary. */
static void aligned_tolerates_nanoseconds_between_the_clocks(void **state)
{
	struct oscillator oscillator;
	nsec wall = 1000 * 2 * SECOND + SECOND / 3, mono = 5 * SECOND;

	(void)state;
	start(&oscillator, 2 * SECOND, true, mono, wall);
	for (int i = 0; i < 1000; i++) {
		bool was_open = oscillator.open;
		nsec skew = random_below(200) - 100;

		wall += oscillator.deadline - mono;
		mono = oscillator.deadline;
		assert_int_equal(turn(&oscillator, mono, wall + skew), 0);
		assert_int_equal(oscillator.open, !was_open);
		assert_int_equal(
			oscillator.deadline - mono + wall + skew, (1000 * 2 + 1 + i + 1) * SECOND);
	}
}

/* Random clock steps: no half is too short or too long; in phase by the second turn. */
static void aligned_follows_clock_steps(void **state)
{
	const nsec half = 60 * SECOND;
	struct oscillator oscillator;
	nsec wall = 1790000000 * SECOND, mono = 1;

	(void)state;
	start(&oscillator, 2 * half, true, mono, wall);
	for (int i = 0; i < 200000; i++) {
		bool was_open = oscillator.open;
		nsec step = i % 4 == 0 ? random_below(400 * SECOND) - 200 * SECOND : 0;

		wall += oscillator.deadline - mono + step;
		mono = oscillator.deadline;
		assert_int_equal(turn(&oscillator, mono, wall), 0);
		assert_int_equal(oscillator.open, !was_open);
		assert_true(oscillator.deadline - mono >= half / 2);
		assert_true(oscillator.deadline - mono <= half + half / 2);
		if (i % 4 >= 1) { /* the step counted at the previous turn */
			nsec end = (wall + oscillator.deadline - mono) % (2 * half);
			assert_int_equal(end, oscillator.open ? half : 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_half_is_open),
		cmocka_unit_test(the_phase_does_not_drift_in_a_million_periods),
		cmocka_unit_test(a_late_wakeup_reports_the_full_half),
		cmocka_unit_test(missed_halves_are_skipped),
		cmocka_unit_test(the_closed_half_gets_an_odd_nanosecond),
		cmocka_unit_test(no_half_is_shorter_than_half_its_length),
		cmocka_unit_test(random_stops_keep_the_phase),
		cmocka_unit_test(aligned_starts_in_the_half_of_the_wall_clock),
		cmocka_unit_test(aligned_tolerates_nanoseconds_between_the_clocks),
		cmocka_unit_test(aligned_follows_clock_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
