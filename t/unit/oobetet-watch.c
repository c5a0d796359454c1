/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "oobetet/watch/watch.h"

#include <stdlib.h>

#define SEC NSEC_PER_SEC

static struct watch *watch_make(void)
{
	const struct watch_rules rules = {.max_latency = 300 * SEC,
		.repeat_interval = 60 * SEC,
		.awaited = {[KIND_PROBLEM] = true, [KIND_RECOVERY] = true}};

	return watch_new(&rules, 0);
}

/* What watch_evaluate() says at `now`, which is all that it says. */
static enum verdict judged(struct watch *watch, nsec now)
{
	enum verdict verdict = watch_evaluate(watch, now);

	assert_int_equal(watch_evaluate(watch, now), WATCH_QUIET);
	return verdict;
}

static void hear_both(struct watch *watch, nsec stamp)
{
	watch_receive(watch, KIND_PROBLEM, stamp);
	watch_receive(watch, KIND_RECOVERY, stamp);
}

static void silence_is_told_and_repeated_until_healed(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(watch_deadline(watch), 300 * SEC + WATCH_GRACE + 1);
	assert_int_equal(judged(watch, 300 * SEC + WATCH_GRACE), WATCH_QUIET);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_deadline(watch), 361 * SEC);
	assert_int_equal(judged(watch, 361 * SEC - 1), WATCH_QUIET);
	assert_int_equal(judged(watch, 361 * SEC), WATCH_REPEAT);
	assert_int_equal(judged(watch, 362 * SEC), WATCH_QUIET);
	/* stopped for ten minutes: one repeat, and then in the old rhythm */
	assert_int_equal(judged(watch, 1000 * SEC), WATCH_REPEAT);
	assert_int_equal(watch_deadline(watch), 1021 * SEC);
	watch_receive(watch, KIND_PROBLEM, 1001 * SEC);
	assert_int_equal(judged(watch, 1001 * SEC), WATCH_QUIET);
	watch_receive(watch, KIND_RECOVERY, 1002 * SEC);
	assert_int_equal(watch_deadline(watch), 1001 * SEC + WATCH_GRACE);
	assert_int_equal(judged(watch, 1002 * SEC + WATCH_GRACE), WATCH_HEALED);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_deadline(watch), 1301 * SEC + WATCH_GRACE + 1);
	watch_free(watch);
}

/* flapper stood still after a problem, and goes on before the problem of then is too old */
static void one_outage_is_one_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_RECOVERY, 100 * SEC);
	watch_receive(watch, KIND_PROBLEM, 160 * SEC);
	assert_int_equal(judged(watch, 401 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(watch_incident(watch)->since, 400 * SEC);
	watch_receive(watch, KIND_RECOVERY, 440 * SEC);
	/* the recovery is there: it is the problem that is still missing */
	assert_int_equal(judged(watch, 461 * SEC), WATCH_REPEAT);
	assert_int_equal(watch_incident(watch)->missing, KIND_PROBLEM);
	assert_int_equal(watch_silence(watch, KIND_PROBLEM, 461 * SEC), 301 * SEC);
	watch_receive(watch, KIND_PROBLEM, 500 * SEC);
	assert_int_equal(judged(watch, 500 * SEC + WATCH_GRACE), WATCH_HEALED);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(judged(watch, 740 * SEC), WATCH_QUIET);
	watch_free(watch);
}

/* What counts is that max_latency ran out, not that the alarm left. */
static void a_line_between_limit_and_alarm_is_after_the_beginning(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_PROBLEM, 1 * SEC);
	watch_receive(watch, KIND_PROBLEM, 300 * SEC);
	watch_receive(watch, KIND_PROBLEM, 300 * SEC + WATCH_GRACE / 2);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	watch_receive(watch, KIND_RECOVERY, 302 * SEC);
	assert_int_equal(judged(watch, 303 * SEC), WATCH_HEALED);
	watch_free(watch);
}

/* Each kind comes, but never both within max_latency: that is no recovery. */
static void kinds_that_never_meet_heal_nothing(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	for (nsec t = 400 * SEC; t < 4000 * SEC; t += 301 * SEC) {
		watch_receive(watch, t / SEC % 2 == 0 ? KIND_PROBLEM : KIND_RECOVERY, t);
		assert_int_equal(judged(watch, t + SEC), WATCH_REPEAT);
	}
	watch_free(watch);
}

/* The room kept what was said in an absence: each line counts at its stamp, one after the other. */
static void an_absence_is_judged_line_by_line(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(judged(watch, 1000 * SEC), WATCH_REPEAT);
	/* all that was missed until 400 s: then it had been well, and was not again */
	hear_both(watch, 200 * SEC);
	hear_both(watch, 400 * SEC);
	assert_int_equal(watch_evaluate(watch, 1000 * SEC), WATCH_HEALED);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_evaluate(watch, 1000 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 700 * SEC);
	assert_int_equal(watch_evaluate(watch, 1000 * SEC), WATCH_QUIET);
	/* it was well all the time: that is heard as soon as both are */
	for (nsec t = 650 * SEC; t <= 950 * SEC; t += 100 * SEC)
		hear_both(watch, t);
	assert_int_equal(judged(watch, 1001 * SEC), WATCH_HEALED);
	assert_int_equal(judged(watch, 1250 * SEC), WATCH_QUIET);
	watch_free(watch);
}

/* More incidents than anybody wants to hear of: none is told half, and the last is told. */
static void an_absence_may_hold_any_number_of_incidents(void **state)
{
	struct watch *watch = watch_make();
	int verdicts = 0;
	enum verdict verdict, last = WATCH_QUIET;

	(void)state;
	assert_int_equal(judged(watch, 100000 * SEC), WATCH_ALARM);
	for (nsec t = 1000 * SEC; t < 99000 * SEC; t += 1000 * SEC)
		hear_both(watch, t);
	for (; (verdict = watch_evaluate(watch, 100000 * SEC)) != WATCH_QUIET; verdicts++) {
		assert_int_equal(verdict, last == WATCH_HEALED ? WATCH_ALARM : WATCH_HEALED);
		last = verdict;
	}
	assert_int_equal(last, WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 98300 * SEC);
	assert_between(verdicts, 2, 16);
	watch_free(watch);
}

static void both_halves_count(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	for (nsec t = 10 * SEC; t <= 300 * SEC; t += 10 * SEC)
		watch_receive(watch, KIND_PROBLEM, t);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	hear_both(watch, 302 * SEC);
	assert_int_equal(judged(watch, 302 * SEC + WATCH_GRACE), WATCH_HEALED);
	for (nsec t = 310 * SEC; t <= 600 * SEC; t += 10 * SEC)
		watch_receive(watch, KIND_RECOVERY, t);
	assert_int_equal(judged(watch, 603 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_PROBLEM);
	watch_free(watch);
}

static void a_line_in_time_may_arrive_late(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(judged(watch, 300 * SEC + WATCH_GRACE / 2), WATCH_QUIET);
	hear_both(watch, 300 * SEC);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_QUIET);
	watch_free(watch);
}

static void a_gap_that_nobody_judged_was_one(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	hear_both(watch, 300 * SEC + 1);
	assert_int_equal(watch_evaluate(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_evaluate(watch, 301 * SEC), WATCH_HEALED);
	assert_int_equal(watch_evaluate(watch, 301 * SEC), WATCH_QUIET);
	watch_free(watch);
}

static void an_acknowledgement_is_remembered_and_heals_nothing(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(watch_acknowledged(watch, SEC), NSEC_NEVER);
	watch_receive(watch, KIND_ACKNOWLEDGEMENT, 100 * SEC);
	watch_receive(watch, KIND_NONE, 200 * SEC);
	assert_int_equal(watch_acknowledged(watch, 160 * SEC), 60 * SEC);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_acknowledged(watch, 301 * SEC), 201 * SEC);
	watch_free(watch);
}

/* Flapjack forgets it when the check recovers, and a problem that is told was not silenced. */
static void an_acknowledgement_ends_with_what_is_heard_after_it(void **state)
{
	static const enum kind kinds[] = {KIND_PROBLEM, KIND_RECOVERY};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		struct watch *watch = watch_make();

		watch_receive(watch, kinds[i], 90 * SEC);
		watch_receive(watch, KIND_ACKNOWLEDGEMENT, 100 * SEC);
		assert_int_equal(watch_acknowledged(watch, 110 * SEC), 10 * SEC);
		watch_receive(watch, KIND_ACKNOWLEDGEMENT, 95 * SEC); /* overtaken */
		assert_int_equal(watch_acknowledged(watch, 110 * SEC), 10 * SEC);
		watch_receive(watch, kinds[i], 120 * SEC);
		assert_int_equal(watch_acknowledged(watch, 120 * SEC), NSEC_NEVER);
		assert_int_equal(judged(watch, 130 * SEC), WATCH_QUIET);
		assert_int_equal(watch_acknowledged(watch, 130 * SEC), NSEC_NEVER);
		watch_receive(watch, KIND_ACKNOWLEDGEMENT, 140 * SEC);
		assert_int_equal(watch_acknowledged(watch, 141 * SEC), SEC);
		watch_free(watch);
	}
}

static void what_was_overtaken_is_put_in_order(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	/* what the room has kept comes after what it says now, or before: it fills the gap */
	hear_both(watch, 310 * SEC);
	hear_both(watch, 100 * SEC);
	assert_int_equal(judged(watch, 310 * SEC + WATCH_GRACE), WATCH_QUIET);
	hear_both(watch, 500 * SEC);
	hear_both(watch, 500 * SEC - WATCH_GRACE / 2);
	assert_int_equal(judged(watch, 700 * SEC), WATCH_QUIET);
	/* it counts at its own stamp, however late it comes */
	hear_both(watch, 600 * SEC);
	assert_int_equal(judged(watch, 900 * SEC), WATCH_QUIET);
	assert_int_equal(judged(watch, 901 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 900 * SEC);
	watch_free(watch);
}

static struct watch *patient_make(nsec repeat_max)
{
	const struct watch_rules rules = {.max_latency = 300 * SEC,
		.repeat_interval = 60 * SEC,
		.repeat_max = repeat_max,
		.awaited = {[KIND_PROBLEM] = true}};

	return watch_new(&rules, 0);
}

/* The same in another life, which begins at the same moment. */
static void patient_restart(struct watch **watch, nsec repeat_max, nsec now)
{
	struct watch_saved past;

	watch_remember(*watch, now, &past);
	watch_free(*watch);
	*watch = patient_make(repeat_max);
	watch_resume(*watch, &past, now);
}

/*
 * How many repeats until the next for people; each a bit late, which does not add up. After each
 * there is a restart, unless `repeat_max` is 0.
 */
static int until_loud(struct watch **watch, nsec repeat_max)
{
	for (int i = 1; i < 100; i++) {
		nsec now = watch_deadline(*watch) + SEC / 10;

		assert_int_equal(judged(*watch, now), WATCH_REPEAT);
		bool loud = watch_repeat_loud(*watch);
		if (repeat_max > 0)
			patient_restart(watch, repeat_max, now);
		if (loud)
			return i;
	}
	return 0;
}

static void people_are_told_less_often_after_ten_repeats(void **state)
{
	static const int waits[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 15, 15, 15};

	(void)state;
	for (int restart = 0; restart < 2; restart++) {
		struct watch *watch = patient_make(900 * SEC);

		assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
		for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
			assert_int_equal(
				until_loud(&watch, restart == 1 ? 900 * SEC : 0), waits[i]);
		/* healed: the next incident begins anew */
		watch_receive(watch, KIND_PROBLEM, 100000 * SEC);
		assert_int_equal(judged(watch, 100001 * SEC), WATCH_HEALED);
		assert_int_equal(judged(watch, 100301 * SEC), WATCH_ALARM);
		for (int i = 0; i < 10; i++)
			assert_int_equal(until_loud(&watch, 0), 1);
		watch_free(watch);
	}
}

static void repeats_never_wait_longer_than_the_most(void **state)
{
	struct watch *watch = patient_make(200 * SEC);

	(void)state;
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	for (int i = 0; i < 10; i++)
		assert_int_equal(until_loud(&watch, 0), 1);
	assert_int_equal(until_loud(&watch, 0), 2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(until_loud(&watch, 0), 3);
	watch_free(watch);
}

static void a_heartbeat_is_awaited_alone(void **state)
{
	const struct watch_rules rules = {.max_latency = 300 * SEC,
		.repeat_interval = 60 * SEC,
		.awaited = {[KIND_HEARTBEAT] = true}};
	struct watch *watch = watch_new(&rules, 0);

	(void)state;
	hear_both(watch, 200 * SEC);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_HEARTBEAT);
	watch_receive(watch, KIND_HEARTBEAT, 302 * SEC);
	assert_int_equal(judged(watch, 303 * SEC), WATCH_HEALED);
	assert_int_equal(judged(watch, 600 * SEC), WATCH_QUIET);
	watch_free(watch);
}

/* The same watch in another life, `now` being made up anew. */
static struct watch *restarted(struct watch *watch, nsec now, nsec then)
{
	struct watch_saved past;

	watch_remember(watch, now, &past);
	watch_free(watch);
	watch = watch_make();
	watch_resume(watch, &past, then);
	return watch;
}

static void a_restart_goes_on_with_the_silence(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_PROBLEM, 100 * SEC);
	watch_receive(watch, KIND_ACKNOWLEDGEMENT, 150 * SEC);
	watch = restarted(watch, 200 * SEC, 7 * SEC);
	assert_int_equal(watch_acknowledged(watch, 7 * SEC), 50 * SEC);
	assert_int_equal(watch_deadline(watch), 107 * SEC + WATCH_GRACE + 1);
	/* three times in a row, each time after thirty seconds */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(judged(watch, 37 * SEC), WATCH_QUIET);
		watch = restarted(watch, 37 * SEC, 7 * SEC);
	}
	assert_int_equal(judged(watch, 18 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(watch_incident(watch)->since, 17 * SEC);
	watch_free(watch);
}

static void a_restart_goes_on_with_the_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_PROBLEM, 100 * SEC);
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	watch = restarted(watch, 321 * SEC, 1000 * SEC);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(watch_incident(watch)->since, 979 * SEC);
	assert_int_equal(watch_deadline(watch), 1040 * SEC);
	assert_int_equal(judged(watch, 1040 * SEC - 1), WATCH_QUIET);
	assert_int_equal(judged(watch, 1040 * SEC), WATCH_REPEAT);
	hear_both(watch, 1041 * SEC);
	assert_int_equal(judged(watch, 1042 * SEC), WATCH_HEALED);
	watch_free(watch);
}

/* What ends it follows from the silences that were kept. */
static void a_restart_knows_what_was_heard_since_the_beginning(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_RECOVERY, 100 * SEC);
	watch_receive(watch, KIND_PROBLEM, 160 * SEC);
	assert_int_equal(judged(watch, 401 * SEC), WATCH_ALARM);
	watch_receive(watch, KIND_RECOVERY, 440 * SEC);
	watch = restarted(watch, 441 * SEC, 1000 * SEC);
	watch_receive(watch, KIND_RECOVERY, 1010 * SEC);
	assert_int_equal(judged(watch, 1011 * SEC), WATCH_QUIET);
	watch_receive(watch, KIND_PROBLEM, 1015 * SEC);
	/* written down before it was judged: the next one finds that it is over */
	watch = restarted(watch, 1015 * SEC, 50 * SEC);
	assert_int_equal(judged(watch, 50 * SEC), WATCH_HEALED);
	watch_free(watch);
}

static struct watch *reconfigured(struct watch *watch, enum kind kind, nsec now)
{
	struct watch_rules rules = {.max_latency = 300 * SEC, .repeat_interval = 60 * SEC};
	struct watch_saved past;

	watch_remember(watch, now, &past);
	watch_free(watch);
	rules.awaited[kind] = true;
	watch = watch_new(&rules, now);
	watch_resume(watch, &past, now);
	return watch;
}

/* heartbeat_pattern is new in the configuration: nobody has waited for it so far. */
static void a_kind_that_was_not_awaited_starts_as_heard(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	for (nsec t = 100 * SEC; t <= 1000 * SEC; t += 100 * SEC) {
		hear_both(watch, t);
		assert_int_equal(judged(watch, t + SEC), WATCH_QUIET);
	}
	watch = reconfigured(watch, KIND_HEARTBEAT, 1100 * SEC);
	assert_int_equal(judged(watch, 1400 * SEC), WATCH_QUIET);
	assert_int_equal(judged(watch, 1401 * SEC), WATCH_ALARM);
	watch_free(watch);
}

/* ... but does not end what has begun without it */
static void a_kind_that_was_not_awaited_heals_no_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(judged(watch, 301 * SEC), WATCH_ALARM);
	watch = reconfigured(watch, KIND_HEARTBEAT, 310 * SEC);
	assert_int_equal(judged(watch, 361 * SEC), WATCH_REPEAT);
	assert_int_equal(watch_incident(watch)->missing, KIND_HEARTBEAT);
	watch_receive(watch, KIND_HEARTBEAT, 362 * SEC);
	assert_int_equal(judged(watch, 363 * SEC), WATCH_HEALED);
	watch_free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_is_told_and_repeated_until_healed),
		cmocka_unit_test(people_are_told_less_often_after_ten_repeats),
		cmocka_unit_test(repeats_never_wait_longer_than_the_most),
		cmocka_unit_test(both_halves_count),
		cmocka_unit_test(one_outage_is_one_incident),
		cmocka_unit_test(a_line_between_limit_and_alarm_is_after_the_beginning),
		cmocka_unit_test(kinds_that_never_meet_heal_nothing),
		cmocka_unit_test(an_absence_is_judged_line_by_line),
		cmocka_unit_test(an_absence_may_hold_any_number_of_incidents),
		cmocka_unit_test(a_line_in_time_may_arrive_late),
		cmocka_unit_test(a_gap_that_nobody_judged_was_one),
		cmocka_unit_test(what_was_overtaken_is_put_in_order),
		cmocka_unit_test(a_heartbeat_is_awaited_alone),
		cmocka_unit_test(a_restart_goes_on_with_the_silence),
		cmocka_unit_test(a_restart_goes_on_with_the_incident),
		cmocka_unit_test(a_restart_knows_what_was_heard_since_the_beginning),
		cmocka_unit_test(a_kind_that_was_not_awaited_starts_as_heard),
		cmocka_unit_test(a_kind_that_was_not_awaited_heals_no_incident),
		cmocka_unit_test(an_acknowledgement_is_remembered_and_heals_nothing),
		cmocka_unit_test(an_acknowledgement_ends_with_what_is_heard_after_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
