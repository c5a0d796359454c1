/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "oobetet/clock/outbox.h"
#include "oobetet/pace.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC
#define LIMIT (10 * SEC)

static struct outbox *incidents_new(void)
{
	const struct outbox_rules rules = {.latest_only = false,
		.answer_limit = LIMIT,
		.retry_min = SEC,
		.retry_max = 60 * SEC,
		.seed = 1};

	return outbox_new(&rules);
}

static struct outbox *room_new(void)
{
	const struct outbox_rules rules = {.latest_only = true,
		.answer_limit = LIMIT,
		.retry_min = SEC,
		.retry_max = 60 * SEC,
		.seed = 1};

	return outbox_new(&rules);
}

static void put(struct outbox *outbox, enum notice_kind kind, const char *key, uint64_t id)
{
	struct notice notice = {.kind = kind};

	snprintf(notice.key, sizeof notice.key, "%s", key);
	outbox_put(outbox, &notice, id);
}

/* The id of what is to be tried at `now`; 0: nothing. */
static uint64_t taken(struct outbox *outbox, nsec now)
{
	uint64_t id = 0;

	outbox_take(outbox, now, &id);
	return id;
}

static void one_at_a_time_in_order(void **state)
{
	struct outbox *outbox = incidents_new();

	(void)state;
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_int_equal(taken(outbox, 0), 0);
	assert_int_equal(outbox_deadline(outbox), NSEC_NEVER);
	outbox_open(outbox);
	assert_int_equal(taken(outbox, 0), 1);
	put(outbox, NOTICE_OK, "a", 2);
	assert_int_equal(taken(outbox, SEC), 0);
	assert_int_equal(outbox_deadline(outbox), LIMIT);
	assert_false(outbox_answer(outbox, 2, ANSWER_DONE, SEC));
	assert_true(outbox_answer(outbox, 1, ANSWER_DONE, SEC));
	assert_int_equal(taken(outbox, SEC), 2);
	assert_true(outbox_answer(outbox, 2, ANSWER_DONE, SEC));
	assert_int_equal(outbox_count(outbox), 0);
	assert_int_equal(outbox_deadline(outbox), NSEC_NEVER);
	outbox_free(outbox);
}

static void a_failure_is_tried_again_with_back_off(void **state)
{
	struct outbox *outbox = incidents_new();
	nsec now = 0, waited = 0;

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "a", 1);
	for (int attempt = 0; attempt < 20; attempt++) {
		assert_int_equal(taken(outbox, now), 1);
		assert_true(outbox_answer(outbox, 1, ANSWER_FAILED, now));
		waited = outbox_deadline(outbox) - now;
		assert_int_equal(taken(outbox, now + waited - 1), 0);
		now += waited;
	}
	assert_between(waited, 45 * SEC, 60 * SEC);
	assert_int_equal(taken(outbox, now), 1);
	assert_true(outbox_answer(outbox, 1, ANSWER_DONE, now));
	outbox_free(outbox);
}

static void no_answer_is_a_failure(void **state)
{
	struct outbox *outbox = incidents_new();

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_int_equal(taken(outbox, 0), 1);
	assert_int_equal(taken(outbox, LIMIT), 0);
	assert_false(outbox_expire(outbox, LIMIT - 1));
	assert_true(outbox_expire(outbox, LIMIT));
	assert_false(outbox_expire(outbox, LIMIT));
	assert_between(outbox_deadline(outbox), LIMIT + SEC / 2, LIMIT + SEC);
	/* the answer was only late */
	assert_true(outbox_answer(outbox, 1, ANSWER_DONE, LIMIT));
	assert_int_equal(outbox_count(outbox), 0);
	outbox_free(outbox);
}

static void what_is_refused_is_dropped(void **state)
{
	struct outbox *outbox = incidents_new();

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_int_equal(taken(outbox, 0), 1);
	assert_true(outbox_answer(outbox, 1, ANSWER_REFUSED, 0));
	assert_int_equal(outbox_count(outbox), 0);
	outbox_free(outbox);
}

static void an_unknown_outcome_is_tried_again_and_followed_by_its_ok(void **state)
{
	struct outbox *outbox = incidents_new();

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_int_equal(taken(outbox, 0), 1);
	outbox_close(outbox);
	put(outbox, NOTICE_ALARM, "a", 2);
	put(outbox, NOTICE_OK, "a", 3);
	assert_int_equal(taken(outbox, SEC), 0);
	outbox_open(outbox);
	assert_int_equal(taken(outbox, SEC), 1);
	outbox_answer(outbox, 1, ANSWER_DONE, SEC);
	assert_int_equal(taken(outbox, SEC), 3);
	outbox_answer(outbox, 3, ANSWER_DONE, SEC);
	assert_int_equal(outbox_count(outbox), 0);
	outbox_free(outbox);
}

static void an_alarm_never_tried_is_dropped_with_its_ok(void **state)
{
	struct outbox *outbox = incidents_new();

	(void)state;
	put(outbox, NOTICE_ALARM, "a", 1);
	put(outbox, NOTICE_ALARM, "a", 2);
	assert_int_equal(outbox_count(outbox), 1);
	put(outbox, NOTICE_OK, "a", 3);
	assert_int_equal(outbox_count(outbox), 0);
	/* but one that was told before needs it, whatever became of the repeats */
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "b", 4);
	assert_int_equal(taken(outbox, 0), 4);
	outbox_answer(outbox, 4, ANSWER_DONE, 0);
	outbox_close(outbox);
	put(outbox, NOTICE_ALARM, "b", 5);
	put(outbox, NOTICE_OK, "b", 6);
	outbox_open(outbox);
	assert_int_equal(taken(outbox, SEC), 6);
	outbox_free(outbox);
}

static void a_room_is_told_the_latest(void **state)
{
	struct outbox *outbox = room_new();

	(void)state;
	put(outbox, NOTICE_ALARM, "a", 1);
	put(outbox, NOTICE_ALARM, "a", 2);
	put(outbox, NOTICE_OK, "a", 3);
	outbox_open(outbox);
	assert_int_equal(taken(outbox, 0), 3);
	put(outbox, NOTICE_ALARM, "b", 4);
	put(outbox, NOTICE_ALARM, "b", 5);
	outbox_answer(outbox, 3, ANSWER_DONE, 0);
	assert_int_equal(taken(outbox, 0), 5);
	outbox_close(outbox);
	put(outbox, NOTICE_OK, "b", 6);
	outbox_open(outbox);
	assert_int_equal(taken(outbox, SEC), 6);
	assert_int_equal(outbox_count(outbox), 1);
	outbox_free(outbox);
}

/* What `outbox` remembers, in that of the next start; ids go on from *id. */
static struct outbox *resumed(struct outbox *outbox, uint64_t *id, struct outbox *next)
{
	struct outbox_past past;

	outbox_remember(outbox, &past);
	outbox_free(outbox);
	outbox_resume(next, &past, id);
	return next;
}

/* Whether the older one has arrived is not known; the newer one says what is true. */
static void a_room_is_told_the_latest_once_an_attempt_has_no_answer(void **state)
{
	struct outbox *outbox = room_new();
	uint64_t id = 70;

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_int_equal(taken(outbox, 0), 1);
	put(outbox, NOTICE_OK, "a", 2);
	outbox_close(outbox);
	outbox_open(outbox);
	assert_true(outbox_intend(outbox, SEC)); /* it is another than the one that was tried */
	assert_int_equal(taken(outbox, SEC), 2);
	put(outbox, NOTICE_ALARM, "b", 3);
	assert_true(outbox_expire(outbox, SEC + LIMIT)); /* no answer */
	assert_int_equal(outbox_count(outbox), 1);
	assert_int_equal(taken(outbox, SEC + LIMIT), 3);
	put(outbox, NOTICE_OK, "b", 4);
	assert_true(outbox_answer(outbox, 3, ANSWER_FAILED, 0));
	assert_int_equal(taken(outbox, outbox_deadline(outbox)), 4);
	put(outbox, NOTICE_ALARM, "c", 5);
	outbox = resumed(outbox, &id, room_new());
	outbox_open(outbox);
	assert_int_equal(taken(outbox, 0), id);
	assert_int_equal(outbox_count(outbox), 1);
	outbox_free(outbox);
}

/* A room that answers for nothing may show everything: nobody is to be flooded with it. */
static void a_room_is_never_told_again_sooner_than_its_pace(void **state)
{
	struct outbox *outbox = room_new();
	nsec now = 0;

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_OK, "a", 1);
	for (nsec wait = SEC; wait < 60 * SEC; wait *= 2) {
		assert_int_equal(taken(outbox, now), 1);
		assert_true(outbox_expire(outbox, now + LIMIT));
		now += LIMIT + wait;
		assert_int_equal(outbox_deadline(outbox), now);
	}
	/* what is new does not wait for that */
	put(outbox, NOTICE_ALARM, "b", 2);
	assert_int_equal(taken(outbox, now - SEC), 2);
	assert_true(outbox_answer(outbox, 2, ANSWER_FAILED, now));
	assert_int_equal(outbox_deadline(outbox), now + 60 * SEC);
	outbox_free(outbox);
}

static void an_intent_is_told_once_before_the_first_attempt(void **state)
{
	struct outbox *outbox = incidents_new();

	(void)state;
	assert_false(outbox_intend(outbox, 0));
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_false(outbox_intend(outbox, 0)); /* closed: nothing is tried */
	outbox_open(outbox);
	assert_true(outbox_intend(outbox, 0));
	assert_false(outbox_intend(outbox, 0));
	/* from then on it may have been tried, so its OK is owed */
	put(outbox, NOTICE_OK, "a", 2);
	assert_int_equal(outbox_count(outbox), 2);
	assert_int_equal(taken(outbox, 0), 1);
	assert_true(outbox_answer(outbox, 1, ANSWER_FAILED, 0));
	assert_false(outbox_intend(outbox, LIMIT)); /* the second attempt is nothing new */
	assert_int_equal(taken(outbox, LIMIT), 1);
	assert_true(outbox_answer(outbox, 1, ANSWER_DONE, LIMIT));
	assert_true(outbox_intend(outbox, LIMIT)); /* the OK is */
	outbox_free(outbox);
}

static void a_restart_goes_on_where_it_stopped(void **state)
{
	struct outbox *outbox = incidents_new();
	uint64_t id = 70;

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_int_equal(taken(outbox, 0), 1);
	put(outbox, NOTICE_OK, "a", 2);
	put(outbox, NOTICE_ALARM, "b", 3);
	outbox = resumed(outbox, &id, incidents_new());
	assert_int_equal(id, 73);
	assert_int_equal(outbox_count(outbox), 3);
	assert_int_equal(taken(outbox, 0), 0); /* closed until its road is there */
	outbox_open(outbox);
	assert_false(outbox_answer(outbox, 1, ANSWER_DONE, 0)); /* an id of the last start's */
	assert_false(outbox_intend(outbox, 0));                 /* it was tried then */
	for (uint64_t next = 71; next <= 73; next++) {
		assert_int_equal(taken(outbox, 0), next);
		assert_true(outbox_answer(outbox, next, ANSWER_DONE, 0));
	}
	outbox_free(outbox);
}

static void a_restart_knows_whose_ok_is_owed(void **state)
{
	struct outbox *outbox = incidents_new();
	uint64_t id = 70;

	(void)state;
	outbox_open(outbox);
	put(outbox, NOTICE_ALARM, "a", 1);
	assert_int_equal(taken(outbox, 0), 1);
	assert_true(outbox_answer(outbox, 1, ANSWER_DONE, 0));
	outbox = resumed(outbox, &id, incidents_new());
	assert_int_equal(outbox_count(outbox), 0);
	put(outbox, NOTICE_OK, "b", 80);
	assert_int_equal(outbox_count(outbox), 0);
	put(outbox, NOTICE_OK, "a", 81);
	outbox_open(outbox);
	assert_true(outbox_intend(outbox, 0));
	assert_int_equal(taken(outbox, 0), 81);
	outbox_free(outbox);
}

/*
 * A receiver that keeps what PagerDuty would, on a road that fails, closes and loses answers at
 * random, through 100,000 incidents. No incident stays open, none is opened after its end.
 */
struct receiver {
	struct outbox *outbox;
	long opened; /* the incident that is open; 0: none */
	long newest; /* the newest that was ever opened */
	nsec now;
};

static void receiver_takes(struct receiver *receiver)
{
	uint64_t id;

	outbox_expire(receiver->outbox, receiver->now);
	const struct notice *notice = outbox_take(receiver->outbox, receiver->now, &id);

	if (notice == NULL)
		return;
	double fate = drand48();
	if (fate < 0.2) {
		outbox_answer(receiver->outbox, id, ANSWER_FAILED, receiver->now);
		return;
	}
	long incident = atol(notice->key);
	if (notice->kind == NOTICE_ALARM) {
		assert_true(receiver->opened == 0 || receiver->opened == incident);
		assert_true(incident >= receiver->newest);
		receiver->opened = receiver->newest = incident;
	} else if (receiver->opened == incident) {
		receiver->opened = 0;
	}
	if (fate < 0.4) /* it arrived, but its answer is lost */
		outbox_close(receiver->outbox);
	else
		outbox_answer(receiver->outbox, id, ANSWER_DONE, receiver->now);
}

static void receiver_lives(struct receiver *receiver, int steps)
{
	for (int step = 0; step < steps; step++) {
		if (drand48() < 0.3)
			outbox_open(receiver->outbox);
		else if (drand48() < 0.1)
			outbox_close(receiver->outbox);
		receiver_takes(receiver);
		assert_between(outbox_count(receiver->outbox), 0, 3);
		receiver->now += (nsec)(drand48() * 20 * (double)SEC);
	}
}

static void every_incident_is_closed(void **state)
{
	struct receiver receiver = {.outbox = incidents_new()};
	uint64_t id = 0;

	(void)state;
	srand48(20261120);
	for (long incident = 1; incident <= 100000; incident++) {
		char key[24];

		snprintf(key, sizeof key, "%ld", incident);
		for (int alarms = (int)(drand48() * 3); alarms >= 0; alarms--) {
			put(receiver.outbox, NOTICE_ALARM, key, ++id);
			receiver_lives(&receiver, (int)(drand48() * 4));
		}
		put(receiver.outbox, NOTICE_OK, key, ++id);
		receiver_lives(&receiver, (int)(drand48() * 4));
	}
	receiver_lives(&receiver, 1000);
	assert_int_equal(outbox_count(receiver.outbox), 0);
	assert_int_equal(receiver.opened, 0);
	assert_true(receiver.newest > 90000);
	outbox_free(receiver.outbox);
}

static void the_pace_follows_max_latency(void **state)
{
	struct pace usual = pace_of(300 * SEC), quick = pace_of(3 * SEC),
		    slow = pace_of(86400 * SEC);

	(void)state;
	assert_int_equal(usual.ping, 30 * SEC);
	assert_int_equal(usual.retry_max, 30 * SEC);
	assert_int_equal(slow.retry_max, 60 * SEC);
	assert_int_equal(usual.retry_min, SEC);
	assert_int_equal(quick.ping, SEC);
	assert_int_equal(quick.patience, 5 * SEC);
	assert_int_equal(slow.ping, 30 * SEC);
	assert_int_equal(usual.record, 10 * SEC);
	assert_int_equal(quick.record, SEC / 2);
	/* two lines may be lost on a busy machine before a hand is taken for dead */
	assert_true(quick.alive * 3 <= quick.patience && slow.alive * 3 <= slow.patience);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time_in_order),
		cmocka_unit_test(a_failure_is_tried_again_with_back_off),
		cmocka_unit_test(no_answer_is_a_failure),
		cmocka_unit_test(what_is_refused_is_dropped),
		cmocka_unit_test(an_unknown_outcome_is_tried_again_and_followed_by_its_ok),
		cmocka_unit_test(an_alarm_never_tried_is_dropped_with_its_ok),
		cmocka_unit_test(a_room_is_told_the_latest),
		cmocka_unit_test(a_room_is_told_the_latest_once_an_attempt_has_no_answer),
		cmocka_unit_test(a_room_is_never_told_again_sooner_than_its_pace),
		cmocka_unit_test(an_intent_is_told_once_before_the_first_attempt),
		cmocka_unit_test(a_restart_goes_on_where_it_stopped),
		cmocka_unit_test(a_restart_knows_whose_ok_is_owed),
		cmocka_unit_test(every_incident_is_closed),
		cmocka_unit_test(the_pace_follows_max_latency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
