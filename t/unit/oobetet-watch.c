/* SPDX-License-Identifier: MIT */
/* The incidents of one watch: when they begin, repeat and end. */
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

/* The only verdict of watch_evaluate() at `now`. */
static enum verdict evaluated(struct watch *watch, nsec now)
{
	enum verdict verdict = watch_evaluate(watch, now);

	assert_int_equal(watch_evaluate(watch, now), WATCH_NOTHING);
	return verdict;
}

static void receive_both(struct watch *watch, nsec stamp)
{
	watch_receive(watch, KIND_PROBLEM, stamp);
	watch_receive(watch, KIND_RECOVERY, stamp);
}

static void silence_raises_an_alarm_that_is_repeated_until_it_ends(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(watch_deadline(watch), 300 * SEC + WATCH_GRACE + 1);
	assert_int_equal(evaluated(watch, 300 * SEC + WATCH_GRACE), WATCH_NOTHING);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_deadline(watch), 361 * SEC);
	assert_int_equal(evaluated(watch, 361 * SEC - 1), WATCH_NOTHING);
	assert_int_equal(evaluated(watch, 361 * SEC), WATCH_REPEAT);
	assert_int_equal(evaluated(watch, 362 * SEC), WATCH_NOTHING);
	/* stopped for ten minutes: one repeat, then at the usual interval */
	assert_int_equal(evaluated(watch, 1000 * SEC), WATCH_REPEAT);
	assert_int_equal(watch_deadline(watch), 1021 * SEC);
	watch_receive(watch, KIND_PROBLEM, 1001 * SEC);
	assert_int_equal(evaluated(watch, 1001 * SEC), WATCH_NOTHING);
	watch_receive(watch, KIND_RECOVERY, 1002 * SEC);
	assert_int_equal(watch_deadline(watch), 1001 * SEC + WATCH_GRACE);
	assert_int_equal(evaluated(watch, 1002 * SEC + WATCH_GRACE), WATCH_ENDED);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_deadline(watch), 1301 * SEC + WATCH_GRACE + 1);
	watch_free(watch);
}

/* Messages come, but late: an incident without silence. */
static void a_fault_is_an_incident_until_it_is_over_and_both_have_come(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	receive_both(watch, 10 * SEC);
	assert_int_equal(evaluated(watch, 20 * SEC), WATCH_NOTHING);
	watch_fault(watch, true, 30 * SEC);
	assert_int_equal(evaluated(watch, 30 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 30 * SEC);
	assert_int_equal(evaluated(watch, 90 * SEC), WATCH_REPEAT);
	receive_both(watch, 91 * SEC);
	assert_int_equal(evaluated(watch, 92 * SEC), WATCH_NOTHING);
	watch_fault(watch, false, 95 * SEC);
	assert_int_equal(evaluated(watch, 95 * SEC), WATCH_ENDED);
	/* and the silence after it is one of its own */
	assert_int_equal(evaluated(watch, 400 * SEC), WATCH_ALARM);
	watch_free(watch);
}

/* A restart knows nothing of the fault: it does not end the incident. */
static void a_fault_goes_on_over_a_restart(void **state)
{
	struct watch *watch = watch_make();
	struct watch_saved saved;

	(void)state;
	receive_both(watch, 10 * SEC);
	watch_fault(watch, true, 30 * SEC);
	assert_int_equal(evaluated(watch, 30 * SEC), WATCH_ALARM);
	receive_both(watch, 40 * SEC);
	assert_int_equal(evaluated(watch, 41 * SEC), WATCH_NOTHING);
	watch_remember(watch, 41 * SEC, &saved);
	assert_true(saved.fault);
	watch_free(watch);
	watch = watch_make();
	watch_resume(watch, &saved, 50 * SEC);
	receive_both(watch, 51 * SEC);
	assert_int_equal(evaluated(watch, 52 * SEC), WATCH_NOTHING);
	watch_fault(watch, false, 53 * SEC);
	assert_int_equal(evaluated(watch, 53 * SEC), WATCH_ENDED);
	watch_free(watch);
}

/* What was heard just before a repeat is evaluated first: it may end the incident. */
static void a_repeat_waits_for_what_was_heard_before_it(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	receive_both(watch, 361 * SEC - WATCH_GRACE / 2);
	assert_int_equal(evaluated(watch, 361 * SEC), WATCH_NOTHING);
	assert_int_equal(watch_deadline(watch), 361 * SEC + WATCH_GRACE / 2);
	assert_int_equal(evaluated(watch, 361 * SEC + WATCH_GRACE / 2), WATCH_ENDED);
	watch_free(watch);
	/* but not for ever: problems without end, and no recovery */
	watch = watch_make();
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	for (nsec now = 360 * SEC; now < 361 * SEC + WATCH_GRACE; now += WATCH_GRACE / 10) {
		watch_receive(watch, KIND_PROBLEM, now);
		assert_int_equal(evaluated(watch, now), WATCH_NOTHING);
	}
	watch_receive(watch, KIND_PROBLEM, 361 * SEC + WATCH_GRACE);
	assert_int_equal(evaluated(watch, 361 * SEC + WATCH_GRACE), WATCH_REPEAT);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	watch_free(watch);
}

/* flapper stopped after a problem, and continues before that problem is too old */
static void one_outage_is_one_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_RECOVERY, 100 * SEC);
	watch_receive(watch, KIND_PROBLEM, 160 * SEC);
	assert_int_equal(evaluated(watch, 401 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(watch_incident(watch)->since, 400 * SEC);
	watch_receive(watch, KIND_RECOVERY, 440 * SEC);
	/* the recovery has arrived: only the problem is still missing */
	assert_int_equal(evaluated(watch, 461 * SEC), WATCH_REPEAT);
	assert_int_equal(watch_incident(watch)->missing, KIND_PROBLEM);
	assert_int_equal(watch_silence(watch, KIND_PROBLEM, 461 * SEC), 301 * SEC);
	watch_receive(watch, KIND_PROBLEM, 500 * SEC);
	assert_int_equal(evaluated(watch, 500 * SEC + WATCH_GRACE), WATCH_ENDED);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(evaluated(watch, 740 * SEC), WATCH_NOTHING);
	watch_free(watch);
}

/* The incident begins when max_latency is over, not when the alarm is sent. */
static void a_message_between_limit_and_alarm_is_part_of_the_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_PROBLEM, 1 * SEC);
	watch_receive(watch, KIND_PROBLEM, 300 * SEC);
	watch_receive(watch, KIND_PROBLEM, 300 * SEC + WATCH_GRACE / 2);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	watch_receive(watch, KIND_RECOVERY, 302 * SEC);
	assert_int_equal(evaluated(watch, 303 * SEC), WATCH_ENDED);
	watch_free(watch);
}

/* Both kinds arrive, but never within max_latency of each other: no recovery. */
static void kinds_too_far_apart_do_not_end_an_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	for (nsec t = 400 * SEC; t < 4000 * SEC; t += 301 * SEC) {
		watch_receive(watch, t / SEC % 2 == 0 ? KIND_PROBLEM : KIND_RECOVERY, t);
		assert_int_equal(evaluated(watch, t + SEC), WATCH_REPEAT);
	}
	watch_free(watch);
}

/* The room's history of an absence: each message counts at its stamp, in order. */
static void history_is_evaluated_message_by_message(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(evaluated(watch, 1000 * SEC), WATCH_REPEAT);
	/* history until 400 s: the incident ended, and the next one began */
	receive_both(watch, 200 * SEC);
	receive_both(watch, 400 * SEC);
	assert_int_equal(watch_evaluate(watch, 1000 * SEC), WATCH_ENDED);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(watch_evaluate(watch, 1000 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 700 * SEC);
	assert_int_equal(watch_evaluate(watch, 1000 * SEC), WATCH_NOTHING);
	/* the history has no silence: the incident ends with the second kind */
	for (nsec t = 650 * SEC; t <= 950 * SEC; t += 100 * SEC)
		receive_both(watch, t);
	assert_int_equal(evaluated(watch, 1001 * SEC), WATCH_ENDED);
	assert_int_equal(evaluated(watch, 1250 * SEC), WATCH_NOTHING);
	watch_free(watch);
}

/* Many incidents in one absence: each alarm has its end, and the last is reported. */
static void history_may_contain_any_number_of_incidents(void **state)
{
	struct watch *watch = watch_make();
	int verdicts = 0;
	enum verdict verdict, last = WATCH_NOTHING;

	(void)state;
	assert_int_equal(evaluated(watch, 100000 * SEC), WATCH_ALARM);
	for (nsec t = 1000 * SEC; t < 99000 * SEC; t += 1000 * SEC)
		receive_both(watch, t);
	for (; (verdict = watch_evaluate(watch, 100000 * SEC)) != WATCH_NOTHING; verdicts++) {
		assert_int_equal(verdict, last == WATCH_ENDED ? WATCH_ALARM : WATCH_ENDED);
		last = verdict;
	}
	assert_int_equal(last, WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 98300 * SEC);
	assert_between(verdicts, 2, 16);
	watch_free(watch);
}

static void both_kinds_are_awaited(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	for (nsec t = 10 * SEC; t <= 300 * SEC; t += 10 * SEC)
		watch_receive(watch, KIND_PROBLEM, t);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	receive_both(watch, 302 * SEC);
	assert_int_equal(evaluated(watch, 302 * SEC + WATCH_GRACE), WATCH_ENDED);
	for (nsec t = 310 * SEC; t <= 600 * SEC; t += 10 * SEC)
		watch_receive(watch, KIND_RECOVERY, t);
	assert_int_equal(evaluated(watch, 603 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_PROBLEM);
	watch_free(watch);
}

static void a_late_message_counts_at_its_stamp(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(evaluated(watch, 300 * SEC + WATCH_GRACE / 2), WATCH_NOTHING);
	receive_both(watch, 300 * SEC);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_NOTHING);
	watch_free(watch);
}

static void a_gap_between_two_evaluations_is_detected(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	receive_both(watch, 300 * SEC + 1);
	assert_int_equal(watch_evaluate(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_evaluate(watch, 301 * SEC), WATCH_ENDED);
	assert_int_equal(watch_evaluate(watch, 301 * SEC), WATCH_NOTHING);
	watch_free(watch);
}

static void an_acknowledgement_is_kept_and_does_not_end_an_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(watch_acknowledged(watch, SEC), NSEC_NEVER);
	watch_receive(watch, KIND_ACKNOWLEDGEMENT, 100 * SEC);
	watch_receive(watch, KIND_NONE, 200 * SEC);
	assert_int_equal(watch_acknowledged(watch, 160 * SEC), 60 * SEC);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_acknowledged(watch, 301 * SEC), 201 * SEC);
	watch_free(watch);
}

/* Flapjack drops it on recovery, and does not send a problem that is acknowledged. */
static void an_acknowledgement_ends_with_the_next_message(void **state)
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
		assert_int_equal(evaluated(watch, 130 * SEC), WATCH_NOTHING);
		assert_int_equal(watch_acknowledged(watch, 130 * SEC), NSEC_NEVER);
		watch_receive(watch, KIND_ACKNOWLEDGEMENT, 140 * SEC);
		assert_int_equal(watch_acknowledged(watch, 141 * SEC), SEC);
		watch_free(watch);
	}
}

static void messages_out_of_order_count_at_their_stamps(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	/* history may come after or before live messages: it fills the gap */
	receive_both(watch, 310 * SEC);
	receive_both(watch, 100 * SEC);
	assert_int_equal(evaluated(watch, 310 * SEC + WATCH_GRACE), WATCH_NOTHING);
	receive_both(watch, 500 * SEC);
	receive_both(watch, 500 * SEC - WATCH_GRACE / 2);
	assert_int_equal(evaluated(watch, 700 * SEC), WATCH_NOTHING);
	/* it counts at its own stamp, at any delay */
	receive_both(watch, 600 * SEC);
	assert_int_equal(evaluated(watch, 900 * SEC), WATCH_NOTHING);
	assert_int_equal(evaluated(watch, 901 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 900 * SEC);
	watch_free(watch);
}

static struct watch *watch_with_repeat_max(nsec repeat_max)
{
	const struct watch_rules rules = {.max_latency = 300 * SEC,
		.repeat_interval = 60 * SEC,
		.repeat_max = repeat_max,
		.awaited = {[KIND_PROBLEM] = true}};

	return watch_new(&rules, 0);
}

/* The same after a restart that takes no time. */
static void watch_restart(struct watch **watch, nsec repeat_max, nsec now)
{
	struct watch_saved past;

	watch_remember(*watch, now, &past);
	watch_free(*watch);
	*watch = watch_with_repeat_max(repeat_max);
	watch_resume(*watch, &past, now);
}

/*
 * The number of repeats until the next loud one; each is a bit late, which does not add up. Each is
 * followed by a restart, unless `repeat_max` is 0.
 */
static int until_loud(struct watch **watch, nsec repeat_max)
{
	for (int i = 1; i < 100; i++) {
		nsec now = watch_deadline(*watch) + SEC / 10;

		assert_int_equal(evaluated(*watch, now), WATCH_REPEAT);
		bool loud = watch_repeat_loud(*watch);
		if (repeat_max > 0)
			watch_restart(watch, repeat_max, now);
		if (loud)
			return i;
	}
	return 0;
}

static void loud_repeats_are_rarer_after_ten_repeats(void **state)
{
	static const int waits[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 15, 15, 15};

	(void)state;
	for (int restart = 0; restart < 2; restart++) {
		struct watch *watch = watch_with_repeat_max(900 * SEC);

		assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
		for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
			assert_int_equal(
				until_loud(&watch, restart == 1 ? 900 * SEC : 0), waits[i]);
		/* ended: the next incident starts with the short interval */
		watch_receive(watch, KIND_PROBLEM, 100000 * SEC);
		assert_int_equal(evaluated(watch, 100001 * SEC), WATCH_ENDED);
		assert_int_equal(evaluated(watch, 100301 * SEC), WATCH_ALARM);
		for (int i = 0; i < 10; i++)
			assert_int_equal(until_loud(&watch, 0), 1);
		watch_free(watch);
	}
}

static void loud_repeats_never_wait_longer_than_repeat_max(void **state)
{
	struct watch *watch = watch_with_repeat_max(200 * SEC);

	(void)state;
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	for (int i = 0; i < 10; i++)
		assert_int_equal(until_loud(&watch, 0), 1);
	assert_int_equal(until_loud(&watch, 0), 2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(until_loud(&watch, 0), 3);
	watch_free(watch);
}

static void a_heartbeat_may_be_the_only_awaited_kind(void **state)
{
	const struct watch_rules rules = {.max_latency = 300 * SEC,
		.repeat_interval = 60 * SEC,
		.awaited = {[KIND_HEARTBEAT] = true}};
	struct watch *watch = watch_new(&rules, 0);

	(void)state;
	receive_both(watch, 200 * SEC);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_HEARTBEAT);
	watch_receive(watch, KIND_HEARTBEAT, 302 * SEC);
	assert_int_equal(evaluated(watch, 303 * SEC), WATCH_ENDED);
	assert_int_equal(evaluated(watch, 600 * SEC), WATCH_NOTHING);
	watch_free(watch);
}

/* The same watch after a restart, with a different monotonic clock. */
static struct watch *restarted(struct watch *watch, nsec now, nsec then)
{
	struct watch_saved past;

	watch_remember(watch, now, &past);
	watch_free(watch);
	watch = watch_make();
	watch_resume(watch, &past, then);
	return watch;
}

static void a_restart_continues_the_silence(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_PROBLEM, 100 * SEC);
	watch_receive(watch, KIND_ACKNOWLEDGEMENT, 150 * SEC);
	watch = restarted(watch, 200 * SEC, 7 * SEC);
	assert_int_equal(watch_acknowledged(watch, 7 * SEC), 50 * SEC);
	assert_int_equal(watch_deadline(watch), 107 * SEC + WATCH_GRACE + 1);
	/* three restarts, thirty seconds apart */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(evaluated(watch, 37 * SEC), WATCH_NOTHING);
		watch = restarted(watch, 37 * SEC, 7 * SEC);
	}
	assert_int_equal(evaluated(watch, 18 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(watch_incident(watch)->since, 17 * SEC);
	watch_free(watch);
}

static void a_restart_continues_the_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_PROBLEM, 100 * SEC);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	watch = restarted(watch, 321 * SEC, 1000 * SEC);
	assert_int_equal(watch_incident(watch)->missing, KIND_RECOVERY);
	assert_int_equal(watch_incident(watch)->since, 979 * SEC);
	assert_int_equal(watch_deadline(watch), 1040 * SEC);
	assert_int_equal(evaluated(watch, 1040 * SEC - 1), WATCH_NOTHING);
	assert_int_equal(evaluated(watch, 1040 * SEC), WATCH_REPEAT);
	receive_both(watch, 1041 * SEC);
	assert_int_equal(evaluated(watch, 1042 * SEC), WATCH_ENDED);
	watch_free(watch);
}

/* The saved silences decide when the incident ends. */
static void a_restart_keeps_the_messages_since_the_incident_began(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_receive(watch, KIND_RECOVERY, 100 * SEC);
	watch_receive(watch, KIND_PROBLEM, 160 * SEC);
	assert_int_equal(evaluated(watch, 401 * SEC), WATCH_ALARM);
	watch_receive(watch, KIND_RECOVERY, 440 * SEC);
	watch = restarted(watch, 441 * SEC, 1000 * SEC);
	watch_receive(watch, KIND_RECOVERY, 1010 * SEC);
	assert_int_equal(evaluated(watch, 1011 * SEC), WATCH_NOTHING);
	watch_receive(watch, KIND_PROBLEM, 1015 * SEC);
	/* saved before the evaluation: the end is found after the restart */
	watch = restarted(watch, 1015 * SEC, 50 * SEC);
	assert_int_equal(evaluated(watch, 50 * SEC), WATCH_ENDED);
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

/* heartbeat_pattern is new in the configuration: it was not awaited before. */
static void a_newly_awaited_kind_starts_without_silence(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	for (nsec t = 100 * SEC; t <= 1000 * SEC; t += 100 * SEC) {
		receive_both(watch, t);
		assert_int_equal(evaluated(watch, t + SEC), WATCH_NOTHING);
	}
	watch = reconfigured(watch, KIND_HEARTBEAT, 1100 * SEC);
	assert_int_equal(evaluated(watch, 1400 * SEC), WATCH_NOTHING);
	assert_int_equal(evaluated(watch, 1401 * SEC), WATCH_ALARM);
	watch_free(watch);
}

/* ... but does not end an incident that began without it */
static void a_newly_awaited_kind_does_not_end_an_incident(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	watch = reconfigured(watch, KIND_HEARTBEAT, 310 * SEC);
	assert_int_equal(evaluated(watch, 361 * SEC), WATCH_REPEAT);
	assert_int_equal(watch_incident(watch)->missing, KIND_HEARTBEAT);
	watch_receive(watch, KIND_HEARTBEAT, 362 * SEC);
	assert_int_equal(evaluated(watch, 363 * SEC), WATCH_ENDED);
	watch_free(watch);
}

static void an_alarm_waits_for_the_end_of_planned_work(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_hold(watch, true);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_HELD);
	assert_int_equal(watch_incident(watch)->since, 300 * SEC);
	assert_int_equal(evaluated(watch, 900 * SEC), WATCH_NOTHING);
	assert_true(watch_deadline(watch) > 900 * SEC);
	watch = restarted(watch, 900 * SEC, 1000 * SEC);
	watch_hold(watch, true);
	assert_int_equal(evaluated(watch, 1001 * SEC), WATCH_NOTHING);
	watch_hold(watch, false);
	assert_true(watch_deadline(watch) <= 1001 * SEC);
	assert_int_equal(evaluated(watch, 1001 * SEC), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, 400 * SEC);
	assert_int_equal(evaluated(watch, 1061 * SEC), WATCH_REPEAT);
	receive_both(watch, 1062 * SEC);
	assert_int_equal(evaluated(watch, 1063 * SEC), WATCH_ENDED);
	watch_free(watch);
}

static void an_incident_within_planned_work_is_not_reported(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	watch_hold(watch, true);
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_HELD);
	receive_both(watch, 400 * SEC);
	assert_int_equal(evaluated(watch, 401 * SEC), WATCH_SPARED);
	/* the same, if it is over only when the work is */
	assert_int_equal(evaluated(watch, 800 * SEC), WATCH_HELD);
	receive_both(watch, 900 * SEC);
	watch_hold(watch, false);
	assert_int_equal(evaluated(watch, 901 * SEC), WATCH_SPARED);
	assert_int_equal(evaluated(watch, 1202 * SEC), WATCH_ALARM);
	watch_free(watch);
}

static void planned_work_stops_repeats_but_not_the_end(void **state)
{
	struct watch *watch = watch_make();

	(void)state;
	assert_int_equal(evaluated(watch, 301 * SEC), WATCH_ALARM);
	watch_hold(watch, true);
	assert_int_equal(evaluated(watch, 800 * SEC), WATCH_NOTHING);
	watch_hold(watch, false);
	assert_int_equal(evaluated(watch, 801 * SEC), WATCH_REPEAT);
	watch_hold(watch, true);
	receive_both(watch, 900 * SEC);
	assert_int_equal(evaluated(watch, 901 * SEC), WATCH_ENDED);
	watch_free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_is_an_incident_until_it_is_over_and_both_have_come),
		cmocka_unit_test(a_fault_goes_on_over_a_restart),
		cmocka_unit_test(silence_raises_an_alarm_that_is_repeated_until_it_ends),
		cmocka_unit_test(loud_repeats_are_rarer_after_ten_repeats),
		cmocka_unit_test(loud_repeats_never_wait_longer_than_repeat_max),
		cmocka_unit_test(both_kinds_are_awaited),
		cmocka_unit_test(a_repeat_waits_for_what_was_heard_before_it),
		cmocka_unit_test(one_outage_is_one_incident),
		cmocka_unit_test(a_message_between_limit_and_alarm_is_part_of_the_incident),
		cmocka_unit_test(kinds_too_far_apart_do_not_end_an_incident),
		cmocka_unit_test(history_is_evaluated_message_by_message),
		cmocka_unit_test(history_may_contain_any_number_of_incidents),
		cmocka_unit_test(a_late_message_counts_at_its_stamp),
		cmocka_unit_test(a_gap_between_two_evaluations_is_detected),
		cmocka_unit_test(messages_out_of_order_count_at_their_stamps),
		cmocka_unit_test(a_heartbeat_may_be_the_only_awaited_kind),
		cmocka_unit_test(a_restart_continues_the_silence),
		cmocka_unit_test(a_restart_continues_the_incident),
		cmocka_unit_test(a_restart_keeps_the_messages_since_the_incident_began),
		cmocka_unit_test(a_newly_awaited_kind_starts_without_silence),
		cmocka_unit_test(a_newly_awaited_kind_does_not_end_an_incident),
		cmocka_unit_test(an_acknowledgement_is_kept_and_does_not_end_an_incident),
		cmocka_unit_test(an_acknowledgement_ends_with_the_next_message),
		cmocka_unit_test(an_alarm_waits_for_the_end_of_planned_work),
		cmocka_unit_test(an_incident_within_planned_work_is_not_reported),
		cmocka_unit_test(planned_work_stops_repeats_but_not_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
