/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "oobetet/clock/watch.h"

#include <stdlib.h>

#define SEC NSEC_PER_SEC

/* What watch_judge() says at `now`, which is all that it says. */
static enum verdict judged(struct watch *watch, nsec now)
{
	enum verdict verdict = watch_judge(watch, now);

	assert_int_equal(watch_judge(watch, now), WATCH_QUIET);
	return verdict;
}

static void hear_both(struct watch *watch, nsec stamp)
{
	watch_hear(watch, KIND_PROBLEM, stamp);
	watch_hear(watch, KIND_RECOVERY, stamp);
}

static void silence_is_told_and_repeated_until_healed(void **state)
{
	struct watch *watch = watch_new(300 * SEC, 60 * SEC, 0);

	(void)state;
	assert_int_equal(watch_deadline(watch), 300 * SEC + WATCH_GRACE);
	assert_int_equal(judged(watch, 300 * SEC + WATCH_GRACE - 1), WATCH_QUIET);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_incident(watch)->last, 0);
	assert_int_equal(watch_deadline(watch), 361 * SEC);
	assert_int_equal(judged(watch, 361 * SEC - 1), WATCH_QUIET);
	assert_int_equal(judged(watch, 361 * SEC), WATCH_REPEAT);
	assert_int_equal(judged(watch, 362 * SEC), WATCH_QUIET);
	/* stopped for ten minutes: one repeat, and then in the old rhythm */
	assert_int_equal(judged(watch, 1000 * SEC), WATCH_REPEAT);
	assert_int_equal(watch_deadline(watch), 1021 * SEC);
	watch_hear(watch, KIND_PROBLEM, 1001 * SEC);
	assert_int_equal(judged(watch, 1001 * SEC), WATCH_QUIET);
	watch_hear(watch, KIND_RECOVERY, 1002 * SEC);
	assert_int_equal(judged(watch, 1002 * SEC), WATCH_HEALED);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_deadline(watch), 1301 * SEC + WATCH_GRACE);
	watch_free(watch);
}

static void both_halves_count(void **state)
{
	struct watch *watch = watch_new(300 * SEC, 60 * SEC, 0);

	(void)state;
	for (nsec t = 10 * SEC; t <= 300 * SEC; t += 10 * SEC)
		watch_hear(watch, KIND_PROBLEM, t);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	hear_both(watch, 302 * SEC);
	assert_int_equal(judged(watch, 302 * SEC), WATCH_HEALED);
	for (nsec t = 310 * SEC; t <= 600 * SEC; t += 10 * SEC)
		watch_hear(watch, KIND_RECOVERY, t);
	assert_int_equal(judged(watch, 603 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_PROBLEM);
	watch_free(watch);
}

static void a_line_in_time_may_arrive_late(void **state)
{
	struct watch *watch = watch_new(300 * SEC, 60 * SEC, 0);

	(void)state;
	assert_int_equal(judged(watch, 300 * SEC + WATCH_GRACE / 2), WATCH_QUIET);
	hear_both(watch, 300 * SEC);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_QUIET);
	watch_free(watch);
}

static void a_gap_that_nobody_judged_was_one(void **state)
{
	struct watch *watch = watch_new(300 * SEC, 60 * SEC, 0);

	(void)state;
	hear_both(watch, 300 * SEC + 1);
	assert_int_equal(watch_deadline(watch), 300 * SEC); /* at once */
	assert_int_equal(watch_judge(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_judge(watch, 301 * SEC), WATCH_HEALED);
	assert_int_equal(watch_judge(watch, 301 * SEC), WATCH_QUIET);
	watch_free(watch);
}

static void an_acknowledgement_is_remembered_and_heals_nothing(void **state)
{
	struct watch *watch = watch_new(300 * SEC, 60 * SEC, 0);

	(void)state;
	assert_int_equal(watch_acknowledged(watch, SEC), NSEC_NEVER);
	watch_hear(watch, KIND_ACKNOWLEDGEMENT, 100 * SEC);
	watch_hear(watch, KIND_NONE, 200 * SEC);
	assert_int_equal(watch_acknowledged(watch, 160 * SEC), 60 * SEC);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	watch_free(watch);
}

/*
 * The simulation. Both kinds come with random gaps, about max_latency long; the watch is judged
 * at its deadlines and whenever something is heard, up to a little late. It must alarm exactly
 * once for each stretch in which either kind was missing for longer than max_latency.
 */

#define MAX_LATENCY (300 * SEC)
#define REPEAT (60 * SEC)
#define EVENTS 400000

struct world {
	struct watch *watch;
	nsec next[KIND_HALVES]; /* when each kind will be said */
	nsec said[KIND_HALVES]; /* when it was */
	bool broken;            /* by the definition, computed here without the watch */
	long alarms, expected, healed, repeats;
	nsec last_told;
};

static nsec random_below(nsec limit)
{
	return (nsec)(drand48() * (double)limit);
}

static nsec random_gap(void)
{
	return drand48() < 0.05 ? MAX_LATENCY + random_below(20 * MAX_LATENCY)
				: MAX_LATENCY / 2 + random_below(MAX_LATENCY / 2 + 2);
}

static void world_tell(struct world *world, nsec now)
{
	enum verdict verdict;

	while ((verdict = watch_judge(world->watch, now)) != WATCH_QUIET) {
		if (verdict == WATCH_ALARM) {
			assert_int_equal(world->alarms, world->healed);
			world->alarms++;
		} else if (verdict == WATCH_REPEAT) {
			assert_true(now - world->last_told >= REPEAT - WATCH_GRACE);
			world->repeats++;
		} else {
			world->healed++;
		}
		world->last_told = now;
	}
}

static void world_say(struct world *world, enum kind kind)
{
	enum kind other = kind == KIND_PROBLEM ? KIND_RECOVERY : KIND_PROBLEM;
	nsec now = world->next[kind];

	if (!world->broken &&
		(now - world->said[kind] > MAX_LATENCY || now - world->said[other] > MAX_LATENCY)) {
		world->broken = true;
		world->expected++;
	}
	world->said[kind] = now;
	if (now - world->said[other] <= MAX_LATENCY)
		world->broken = false;
	watch_hear(world->watch, kind, now);
	world_tell(world, now);
	world->next[kind] = now + 1 + random_gap();
}

static void alarm_if_and_only_if_a_gap_was_too_long(void **state)
{
	const char *given = getenv("SEED");
	long seed = given != NULL ? atol(given) : 20261120;
	struct world world = {.watch = watch_new(MAX_LATENCY, REPEAT, 0)};

	(void)state;
	srand48(seed);
	print_message("# SEED=%ld\n", seed);
	for (int i = 0; i < KIND_HALVES; i++)
		world.next[i] = 1 + random_gap();
	for (long events = 0; events < EVENTS; events++) {
		enum kind first = world.next[KIND_PROBLEM] <= world.next[KIND_RECOVERY]
					  ? KIND_PROBLEM
					  : KIND_RECOVERY;
		nsec deadline;

		while ((deadline = watch_deadline(world.watch)) <= world.next[first])
			world_tell(&world, deadline + random_below(WATCH_GRACE / 2));
		world_say(&world, first);
	}
	assert_true(world.expected > 1000 && world.repeats > 1000);
	assert_int_equal(world.alarms, world.expected);
	assert_true(world.alarms - world.healed <= 1);
	watch_free(world.watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_told_and_repeated_until_healed),
		cmocka_unit_test(both_halves_count),
		cmocka_unit_test(a_line_in_time_may_arrive_late),
		cmocka_unit_test(a_gap_that_nobody_judged_was_one),
		cmocka_unit_test(an_acknowledgement_is_remembered_and_heals_nothing),
		cmocka_unit_test(alarm_if_and_only_if_a_gap_was_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
