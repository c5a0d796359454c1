/* SPDX-License-Identifier: MIT */
/* The timing wheel: ordered, within a tick, and without losses. */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>

#define TURN (WHEEL_SLOTS * WHEEL_TICK)
#define START (1000 * TURN + 3)

/* A check with a repeat at this time that never goes stale. */
static struct check repeating(nsec at)
{
	return (struct check){.repeat_at = at, .deadline = NSEC_NEVER};
}

static void a_check_is_due_at_its_repeat_or_its_deadline(void **state)
{
	struct check one = {.repeat_at = 5, .deadline = 7};

	(void)state;
	assert_int_equal(wheel_due(&one), 5);
	one.deadline = 3;
	assert_int_equal(wheel_due(&one), 3);
	one.stale = true; /* that deadline has passed */
	assert_int_equal(wheel_due(&one), 5);
}

static void an_empty_wheel_is_never_due(void **state)
{
	struct wheel *wheel = wheel_new(START);

	(void)state;
	assert_null(wheel_take(wheel, START + 3 * TURN));
	assert_int_equal(wheel_next(wheel), NSEC_NEVER);
	wheel_free(wheel);
}

/* Takes due checks at the times of wheel_next() until the check is due; returns that time. */
static nsec time_of(struct wheel *wheel, const struct check *expected, int *looks)
{
	for (*looks = 1; *looks < 100; ++*looks) {
		nsec next = wheel_next(wheel);
		nsec now = next > START ? next : START;
		const struct check *taken = wheel_take(wheel, now);

		if (taken == NULL)
			continue;
		assert_ptr_equal(taken, expected);
		return now;
	}
	fail_msg("it never came");
	return NSEC_NEVER;
}

static void each_check_expires_within_a_tick_at_any_distance(void **state)
{
	static const nsec distances[] = {-TURN, -TURN / 2, -WHEEL_TICK - 4, -1, 0, 1,
		WHEEL_TICK - 1, WHEEL_TICK, WHEEL_TICK + 1, TURN / 2, TURN - 3 * WHEEL_TICK,
		TURN - 2 * WHEEL_TICK, TURN - WHEEL_TICK, TURN - 1, TURN, TURN + 1,
		TURN + WHEEL_TICK, 2 * TURN, 7 * TURN + 5};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(distances); i++) {
		struct wheel *wheel = wheel_new(START);
		nsec due = START + distances[i];
		struct check one = repeating(due);
		int looks;

		wheel_put(wheel, &one);
		nsec came = time_of(wheel, &one, &looks);
		nsec earliest = due > START ? due : START;
		if (came < earliest || came >= earliest + WHEEL_TICK)
			fail_msg("%lld ns away, it came %lld ns late", (long long)distances[i],
				(long long)(came - earliest));
		/* one for each turn of the wheel, and two more for checks at the end of a turn */
		assert_between(looks, 1, distances[i] < TURN / 2 + 1 ? 1 : distances[i] / TURN + 3);
		assert_int_equal(wheel_next(wheel), NSEC_NEVER);
		wheel_free(wheel);
	}
}

static void a_late_look_returns_all_in_order(void **state)
{
	struct wheel *wheel = wheel_new(START);
	struct check checks[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		checks[i] = repeating(START + (5 - i) * 10 * WHEEL_TICK);
	for (int i = 0; i < 5; i++)
		wheel_put(wheel, &checks[i]);
	assert_null(wheel_take(wheel, START + WHEEL_TICK));
	for (int i = 4; i >= 0; i--)
		assert_ptr_equal(wheel_take(wheel, START + 3 * TURN), &checks[i]);
	assert_null(wheel_take(wheel, START + 3 * TURN));
	wheel_free(wheel);
}

static void checks_of_one_tick_are_first_in_first_out(void **state)
{
	struct wheel *wheel = wheel_new(START);
	struct check checks[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		checks[i] = repeating(START + TURN / 2);
		wheel_put(wheel, &checks[i]);
	}
	assert_int_equal(wheel_crowd(wheel, START + TURN / 2), 3);
	assert_int_equal(wheel_crowd(wheel, START + TURN / 2 + WHEEL_TICK), 0);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(wheel_take(wheel, START + TURN), &checks[i]);
	wheel_free(wheel);
}

static void a_check_can_be_moved_back_and_forth(void **state)
{
	struct wheel *wheel = wheel_new(START);
	struct check one = repeating(START + TURN / 2), other = one, third = one;

	(void)state;
	wheel_put(wheel, &one);
	wheel_put(wheel, &other);
	wheel_put(wheel, &third);
	other.repeat_at = START + 10 * WHEEL_TICK;
	wheel_move(wheel, &other);
	assert_int_equal(wheel_crowd(wheel, START + TURN / 2), 2);
	assert_int_equal(wheel_crowd(wheel, START + 10 * WHEEL_TICK), 1);
	assert_ptr_equal(wheel_take(wheel, START + 20 * WHEEL_TICK), &other);
	third.repeat_at = START + 3 * TURN;
	wheel_move(wheel, &third);
	wheel_move(wheel, &third);
	assert_ptr_equal(wheel_take(wheel, START + TURN), &one);
	assert_null(wheel_take(wheel, START + TURN));
	assert_ptr_equal(wheel_take(wheel, START + 3 * TURN + WHEEL_TICK), &third);
	assert_int_equal(wheel_next(wheel), NSEC_NEVER);
	wheel_free(wheel);
}

/* One of three due checks was taken; the others can still be moved. */
static void a_due_check_can_still_be_moved(void **state)
{
	struct wheel *wheel = wheel_new(START);
	struct check checks[3];
	nsec due = START + 10 * WHEEL_TICK;

	(void)state;
	for (int i = 0; i < 3; i++) {
		checks[i] = repeating(due);
		wheel_put(wheel, &checks[i]);
	}
	assert_ptr_equal(wheel_take(wheel, due + WHEEL_TICK), &checks[0]);
	assert_int_equal(wheel_next(wheel), 0);
	checks[1].repeat_at = due + TURN - 2 * WHEEL_TICK;
	wheel_move(wheel, &checks[1]);
	assert_ptr_equal(wheel_take(wheel, due + WHEEL_TICK), &checks[2]);
	assert_null(wheel_take(wheel, due + WHEEL_TICK));
	assert_ptr_equal(wheel_take(wheel, due + TURN), &checks[1]);
	wheel_free(wheel);
}

/* Adding and removing a check at the maximum distance does not affect due ones. */
static void the_farthest_slot_is_not_the_one_that_is_due(void **state)
{
	struct wheel *wheel = wheel_new(START);
	nsec due = START + 10 * WHEEL_TICK, now = due + WHEEL_TICK;
	struct check checks[3], far = repeating(START + 5 * TURN);

	(void)state;
	for (int i = 0; i < 3; i++) {
		checks[i] = repeating(due);
		wheel_put(wheel, &checks[i]);
	}
	assert_ptr_equal(wheel_take(wheel, now), &checks[0]);
	wheel_put(wheel, &far);
	far.repeat_at = now + 3 * WHEEL_TICK;
	wheel_move(wheel, &far);
	assert_ptr_equal(wheel_take(wheel, now), &checks[1]);
	assert_ptr_equal(wheel_take(wheel, now), &checks[2]);
	assert_null(wheel_take(wheel, now));
	assert_ptr_equal(wheel_take(wheel, now + 4 * WHEEL_TICK), &far);
	wheel_free(wheel);
}

enum { CROWD = 200, ROUNDS = 200000 };

/* With any moves, every check becomes due in time: none due a tick before the last complete look
 * remains. */
static void random_moves_lose_no_check(void **state)
{
	struct wheel *wheel = wheel_new(START);
	struct check checks[CROWD];
	unsigned seed = seed_choose();
	nsec now = START, all_taken = START - WHEEL_TICK;

	(void)state;
	for (int i = 0; i < CROWD; i++) {
		checks[i] = repeating(now + rand_r(&seed) % (2 * TURN));
		wheel_put(wheel, &checks[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		struct check *taken, *one = &checks[rand_r(&seed) % CROWD];
		bool all = rand_r(&seed) % 3 != 0;

		assert_true(one->repeat_at > all_taken - WHEEL_TICK);
		one->repeat_at = now + rand_r(&seed) % (2 * TURN);
		wheel_move(wheel, one);
		now += rand_r(&seed) % WHEEL_TICK;
		while ((taken = wheel_take(wheel, now)) != NULL) {
			assert_true(taken->repeat_at <= now);
			assert_true(taken->repeat_at > all_taken - WHEEL_TICK);
			taken->repeat_at = now + 1 + rand_r(&seed) % (2 * TURN);
			wheel_put(wheel, taken);
			if (!all)
				break;
		}
		if (all)
			all_taken = now;
	}
	wheel_free(wheel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_is_due_at_its_repeat_or_its_deadline),
		cmocka_unit_test(an_empty_wheel_is_never_due),
		cmocka_unit_test(each_check_expires_within_a_tick_at_any_distance),
		cmocka_unit_test(a_late_look_returns_all_in_order),
		cmocka_unit_test(checks_of_one_tick_are_first_in_first_out),
		cmocka_unit_test(a_check_can_be_moved_back_and_forth),
		cmocka_unit_test(a_due_check_can_still_be_moved),
		cmocka_unit_test(the_farthest_slot_is_not_the_one_that_is_due),
		cmocka_unit_test(random_moves_lose_no_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
