/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "oobetet/channel/queue.h"
#include "oobetet/timing.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC
#define LIMIT (10 * SEC)

static struct queue *incidents_new(void)
{
	const struct queue_rules rules = {.latest_only = false,
		.answer_limit = LIMIT,
		.retry_min = SEC,
		.retry_max = 60 * SEC,
		.seed = 1};

	return queue_new(&rules);
}

static struct queue *room_new(void)
{
	const struct queue_rules rules = {.latest_only = true,
		.answer_limit = LIMIT,
		.retry_min = SEC,
		.retry_max = 60 * SEC,
		.seed = 1};

	return queue_new(&rules);
}

static void put(struct queue *queue, enum notification_kind kind, const char *key, uint64_t id)
{
	struct notification notification = {.kind = kind};

	snprintf(notification.key, sizeof notification.key, "%s", key);
	queue_put(queue, &notification, id);
}

/* The id of what is to be tried at `now`; 0: nothing. */
static uint64_t taken(struct queue *queue, nsec now)
{
	uint64_t id = 0;

	queue_take(queue, now, &id);
	return id;
}

static void one_at_a_time_in_order(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(taken(queue, 0), 0);
	assert_int_equal(queue_deadline(queue), NSEC_NEVER);
	queue_open(queue);
	assert_int_equal(taken(queue, 0), 1);
	put(queue, NOTIFICATION_OK, "a", 2);
	assert_int_equal(taken(queue, SEC), 0);
	assert_int_equal(queue_deadline(queue), LIMIT);
	assert_false(queue_answer(queue, 2, ANSWER_DONE, SEC));
	assert_true(queue_answer(queue, 1, ANSWER_DONE, SEC));
	assert_int_equal(taken(queue, SEC), 2);
	assert_true(queue_answer(queue, 2, ANSWER_DONE, SEC));
	assert_int_equal(queue_count(queue), 0);
	assert_int_equal(queue_deadline(queue), NSEC_NEVER);
	queue_free(queue);
}

static void a_failure_is_tried_again_with_back_off(void **state)
{
	struct queue *queue = incidents_new();
	nsec now = 0, waited = 0;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	for (int attempt = 0; attempt < 20; attempt++) {
		assert_int_equal(taken(queue, now), 1);
		assert_true(queue_answer(queue, 1, ANSWER_FAILED, now));
		waited = queue_deadline(queue) - now;
		assert_int_equal(taken(queue, now + waited - 1), 0);
		now += waited;
	}
	assert_between(waited, 45 * SEC, 60 * SEC);
	assert_int_equal(taken(queue, now), 1);
	assert_true(queue_answer(queue, 1, ANSWER_DONE, now));
	queue_free(queue);
}

static void no_answer_is_a_failure(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(taken(queue, 0), 1);
	assert_int_equal(taken(queue, LIMIT), 0);
	assert_false(queue_expire(queue, LIMIT - 1));
	assert_true(queue_expire(queue, LIMIT));
	assert_false(queue_expire(queue, LIMIT));
	assert_between(queue_deadline(queue), LIMIT + SEC / 2, LIMIT + SEC);
	/* the answer was only late */
	assert_true(queue_answer(queue, 1, ANSWER_DONE, LIMIT));
	assert_int_equal(queue_count(queue), 0);
	queue_free(queue);
}

static void what_is_refused_is_dropped(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(taken(queue, 0), 1);
	assert_true(queue_answer(queue, 1, ANSWER_REFUSED, 0));
	assert_int_equal(queue_count(queue), 0);
	queue_free(queue);
}

static void an_unknown_outcome_is_tried_again_and_followed_by_its_ok(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(taken(queue, 0), 1);
	queue_close(queue);
	put(queue, NOTIFICATION_ALARM, "a", 2);
	put(queue, NOTIFICATION_OK, "a", 3);
	assert_int_equal(taken(queue, SEC), 0);
	queue_open(queue);
	assert_int_equal(taken(queue, SEC), 1);
	queue_answer(queue, 1, ANSWER_DONE, SEC);
	assert_int_equal(taken(queue, SEC), 3);
	queue_answer(queue, 3, ANSWER_DONE, SEC);
	assert_int_equal(queue_count(queue), 0);
	queue_free(queue);
}

static void an_alarm_never_tried_is_dropped_with_its_ok(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	put(queue, NOTIFICATION_ALARM, "a", 1);
	put(queue, NOTIFICATION_ALARM, "a", 2);
	assert_int_equal(queue_count(queue), 1);
	put(queue, NOTIFICATION_OK, "a", 3);
	assert_int_equal(queue_count(queue), 0);
	/* but one that was told before needs it, whatever became of the repeats */
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "b", 4);
	assert_int_equal(taken(queue, 0), 4);
	queue_answer(queue, 4, ANSWER_DONE, 0);
	queue_close(queue);
	put(queue, NOTIFICATION_ALARM, "b", 5);
	put(queue, NOTIFICATION_OK, "b", 6);
	queue_open(queue);
	assert_int_equal(taken(queue, SEC), 6);
	queue_free(queue);
}

static void a_room_is_told_the_latest(void **state)
{
	struct queue *queue = room_new();

	(void)state;
	put(queue, NOTIFICATION_ALARM, "a", 1);
	put(queue, NOTIFICATION_ALARM, "a", 2);
	put(queue, NOTIFICATION_OK, "a", 3);
	queue_open(queue);
	assert_int_equal(taken(queue, 0), 3);
	put(queue, NOTIFICATION_ALARM, "b", 4);
	put(queue, NOTIFICATION_ALARM, "b", 5);
	queue_answer(queue, 3, ANSWER_DONE, 0);
	assert_int_equal(taken(queue, 0), 5);
	queue_close(queue);
	put(queue, NOTIFICATION_OK, "b", 6);
	queue_open(queue);
	assert_int_equal(taken(queue, SEC), 6);
	assert_int_equal(queue_count(queue), 1);
	queue_free(queue);
}

/* The queue of the next start, from what this one saved; ids go on from *id. */
static struct queue *resumed(struct queue *queue, uint64_t *id, struct queue *next)
{
	struct queue_saved past;

	queue_remember(queue, &past);
	queue_free(queue);
	queue_resume(next, &past, id);
	return next;
}

/* Whether the older one has arrived is not known; the newer one says what is true. */
static void a_room_is_told_the_latest_once_an_attempt_has_no_answer(void **state)
{
	struct queue *queue = room_new();
	uint64_t id = 70;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(taken(queue, 0), 1);
	put(queue, NOTIFICATION_OK, "a", 2);
	queue_close(queue);
	queue_open(queue);
	assert_true(queue_intend(queue, SEC)); /* it is another than the one that was tried */
	assert_int_equal(taken(queue, SEC), 2);
	put(queue, NOTIFICATION_ALARM, "b", 3);
	assert_true(queue_expire(queue, SEC + LIMIT)); /* no answer */
	assert_int_equal(queue_count(queue), 1);
	assert_int_equal(taken(queue, SEC + LIMIT), 3);
	put(queue, NOTIFICATION_OK, "b", 4);
	assert_true(queue_answer(queue, 3, ANSWER_FAILED, 0));
	assert_int_equal(taken(queue, queue_deadline(queue)), 4);
	put(queue, NOTIFICATION_ALARM, "c", 5);
	queue = resumed(queue, &id, room_new());
	queue_open(queue);
	assert_int_equal(taken(queue, 0), id);
	assert_int_equal(queue_count(queue), 1);
	queue_free(queue);
}

/* A room that answers for nothing may show everything: nobody is to be flooded with it. */
static void a_room_is_never_told_again_sooner_than_its_pace(void **state)
{
	struct queue *queue = room_new();
	nsec now = 0;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_OK, "a", 1);
	for (nsec wait = SEC; wait < 60 * SEC; wait *= 2) {
		assert_int_equal(taken(queue, now), 1);
		assert_true(queue_expire(queue, now + LIMIT));
		now += LIMIT + wait;
		assert_int_equal(queue_deadline(queue), now);
	}
	/* what is new does not wait for that */
	put(queue, NOTIFICATION_ALARM, "b", 2);
	assert_int_equal(taken(queue, now - SEC), 2);
	assert_true(queue_answer(queue, 2, ANSWER_FAILED, now));
	assert_int_equal(queue_deadline(queue), now + 60 * SEC);
	queue_free(queue);
}

static void an_intent_is_told_once_before_the_first_attempt(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	assert_false(queue_intend(queue, 0));
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_false(queue_intend(queue, 0)); /* closed: nothing is tried */
	queue_open(queue);
	assert_true(queue_intend(queue, 0));
	assert_false(queue_intend(queue, 0));
	/* from then on it may have been tried, so its OK is owed */
	put(queue, NOTIFICATION_OK, "a", 2);
	assert_int_equal(queue_count(queue), 2);
	assert_int_equal(taken(queue, 0), 1);
	assert_true(queue_answer(queue, 1, ANSWER_FAILED, 0));
	assert_false(queue_intend(queue, LIMIT)); /* the second attempt is nothing new */
	assert_int_equal(taken(queue, LIMIT), 1);
	assert_true(queue_answer(queue, 1, ANSWER_DONE, LIMIT));
	assert_true(queue_intend(queue, LIMIT)); /* the OK is */
	queue_free(queue);
}

static void a_restart_goes_on_where_it_stopped(void **state)
{
	struct queue *queue = incidents_new();
	uint64_t id = 70;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(taken(queue, 0), 1);
	put(queue, NOTIFICATION_OK, "a", 2);
	put(queue, NOTIFICATION_ALARM, "b", 3);
	queue = resumed(queue, &id, incidents_new());
	assert_int_equal(id, 73);
	assert_int_equal(queue_count(queue), 3);
	assert_int_equal(taken(queue, 0), 0); /* closed until the channel opens */
	queue_open(queue);
	assert_false(queue_answer(queue, 1, ANSWER_DONE, 0)); /* an id of the last start's */
	assert_false(queue_intend(queue, 0));                 /* it was tried then */
	for (uint64_t next = 71; next <= 73; next++) {
		assert_int_equal(taken(queue, 0), next);
		assert_true(queue_answer(queue, next, ANSWER_DONE, 0));
	}
	queue_free(queue);
}

static void a_restart_knows_whose_ok_is_owed(void **state)
{
	struct queue *queue = incidents_new();
	uint64_t id = 70;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(taken(queue, 0), 1);
	assert_true(queue_answer(queue, 1, ANSWER_DONE, 0));
	queue = resumed(queue, &id, incidents_new());
	assert_int_equal(queue_count(queue), 0);
	put(queue, NOTIFICATION_OK, "b", 80);
	assert_int_equal(queue_count(queue), 0);
	put(queue, NOTIFICATION_OK, "a", 81);
	queue_open(queue);
	assert_true(queue_intend(queue, 0));
	assert_int_equal(taken(queue, 0), 81);
	queue_free(queue);
}

/*
 * A receiver that keeps what PagerDuty would, on a channel that fails, closes and loses answers at
 * random, through 100,000 incidents. No incident stays open, none is opened after its end.
 */
struct receiver {
	struct queue *queue;
	long opened; /* the incident that is open; 0: none */
	long newest; /* the newest that was ever opened */
	nsec now;
};

static void receiver_takes(struct receiver *receiver)
{
	uint64_t id;

	queue_expire(receiver->queue, receiver->now);
	const struct notification *notification = queue_take(receiver->queue, receiver->now, &id);

	if (notification == NULL)
		return;
	double fate = drand48();
	if (fate < 0.2) {
		queue_answer(receiver->queue, id, ANSWER_FAILED, receiver->now);
		return;
	}
	long incident = atol(notification->key);
	if (notification->kind == NOTIFICATION_ALARM) {
		assert_true(receiver->opened == 0 || receiver->opened == incident);
		assert_true(incident >= receiver->newest);
		receiver->opened = receiver->newest = incident;
	} else if (receiver->opened == incident) {
		receiver->opened = 0;
	}
	if (fate < 0.4) /* it arrived, but its answer is lost */
		queue_close(receiver->queue);
	else
		queue_answer(receiver->queue, id, ANSWER_DONE, receiver->now);
}

static void receiver_lives(struct receiver *receiver, int steps)
{
	for (int step = 0; step < steps; step++) {
		if (drand48() < 0.3)
			queue_open(receiver->queue);
		else if (drand48() < 0.1)
			queue_close(receiver->queue);
		receiver_takes(receiver);
		assert_between(queue_count(receiver->queue), 0, 3);
		receiver->now += (nsec)(drand48() * 20 * (double)SEC);
	}
}

static void every_incident_is_closed(void **state)
{
	struct receiver receiver = {.queue = incidents_new()};
	uint64_t id = 0;

	(void)state;
	srand48(20261120);
	for (long incident = 1; incident <= 100000; incident++) {
		char key[24];

		snprintf(key, sizeof key, "%ld", incident);
		for (int alarms = (int)(drand48() * 3); alarms >= 0; alarms--) {
			put(receiver.queue, NOTIFICATION_ALARM, key, ++id);
			receiver_lives(&receiver, (int)(drand48() * 4));
		}
		put(receiver.queue, NOTIFICATION_OK, key, ++id);
		receiver_lives(&receiver, (int)(drand48() * 4));
	}
	receiver_lives(&receiver, 1000);
	assert_int_equal(queue_count(receiver.queue), 0);
	assert_int_equal(receiver.opened, 0);
	assert_true(receiver.newest > 90000);
	queue_free(receiver.queue);
}

static void the_pace_follows_max_latency(void **state)
{
	struct timing usual = timing_of(300 * SEC), quick = timing_of(3 * SEC),
		      slow = timing_of(86400 * SEC);

	(void)state;
	assert_int_equal(usual.ping, 30 * SEC);
	assert_int_equal(usual.retry_max, 30 * SEC);
	assert_int_equal(slow.retry_max, 60 * SEC);
	assert_int_equal(usual.retry_min, SEC);
	assert_int_equal(quick.ping, SEC);
	assert_int_equal(quick.timeout, 5 * SEC);
	assert_int_equal(slow.ping, 30 * SEC);
	assert_int_equal(usual.record, 10 * SEC);
	assert_int_equal(quick.record, SEC / 2);
	/* two lines may be lost on a busy machine before a worker counts as stuck */
	assert_true(quick.alive * 3 <= quick.timeout && slow.alive * 3 <= slow.timeout);
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
