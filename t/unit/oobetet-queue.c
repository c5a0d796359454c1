/* SPDX-License-Identifier: MIT */
/* The queue of a channel: order, retries, and what a restart keeps. */
#include "t/unit/unit.h"

#include "oobetet/channel/queue.h"
#include "oobetet/config/config.h"

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

/* The id of the notification to send at `now`; 0: none. */
static uint64_t next_id(struct queue *queue, nsec now)
{
	uint64_t id = 0;

	queue_take(queue, now, &id);
	return id;
}

static void notifications_are_sent_one_at_a_time_in_order(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(next_id(queue, 0), 0);
	assert_int_equal(queue_deadline(queue), NSEC_NEVER);
	queue_open(queue);
	assert_int_equal(next_id(queue, 0), 1);
	put(queue, NOTIFICATION_OK, "a", 2);
	assert_int_equal(next_id(queue, SEC), 0);
	assert_int_equal(queue_deadline(queue), LIMIT);
	assert_false(queue_answer(queue, 2, ANSWER_DONE, SEC));
	assert_true(queue_answer(queue, 1, ANSWER_DONE, SEC));
	assert_int_equal(next_id(queue, SEC), 2);
	assert_true(queue_answer(queue, 2, ANSWER_DONE, SEC));
	assert_int_equal(queue_count(queue), 0);
	assert_int_equal(queue_deadline(queue), NSEC_NEVER);
	queue_free(queue);
}

static void a_failure_is_retried_with_back_off(void **state)
{
	struct queue *queue = incidents_new();
	nsec now = 0, waited = 0;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	for (int attempt = 0; attempt < 20; attempt++) {
		assert_int_equal(next_id(queue, now), 1);
		assert_true(queue_answer(queue, 1, ANSWER_FAILED, now));
		waited = queue_deadline(queue) - now;
		assert_int_equal(next_id(queue, now + waited - 1), 0);
		now += waited;
	}
	assert_between(waited, 45 * SEC, 60 * SEC);
	assert_int_equal(next_id(queue, now), 1);
	assert_true(queue_answer(queue, 1, ANSWER_DONE, now));
	queue_free(queue);
}

static void a_missing_response_is_a_failure(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(next_id(queue, 0), 1);
	assert_int_equal(next_id(queue, LIMIT), 0);
	assert_false(queue_expire(queue, LIMIT - 1));
	assert_true(queue_expire(queue, LIMIT));
	assert_false(queue_expire(queue, LIMIT));
	assert_between(queue_deadline(queue), LIMIT + SEC / 2, LIMIT + SEC);
	/* a late response still counts */
	assert_true(queue_answer(queue, 1, ANSWER_DONE, LIMIT));
	assert_int_equal(queue_count(queue), 0);
	queue_free(queue);
}

static void a_refused_notification_is_dropped(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(next_id(queue, 0), 1);
	assert_true(queue_answer(queue, 1, ANSWER_REFUSED, 0));
	assert_int_equal(queue_count(queue), 0);
	queue_free(queue);
}

static void an_unknown_outcome_is_retried_and_its_ok_follows(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(next_id(queue, 0), 1);
	queue_close(queue);
	put(queue, NOTIFICATION_ALARM, "a", 2);
	put(queue, NOTIFICATION_OK, "a", 3);
	assert_int_equal(next_id(queue, SEC), 0);
	queue_open(queue);
	assert_int_equal(next_id(queue, SEC), 1);
	queue_answer(queue, 1, ANSWER_DONE, SEC);
	assert_int_equal(next_id(queue, SEC), 3);
	queue_answer(queue, 3, ANSWER_DONE, SEC);
	assert_int_equal(queue_count(queue), 0);
	queue_free(queue);
}

static void an_unsent_alarm_is_dropped_with_its_ok(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	put(queue, NOTIFICATION_ALARM, "a", 1);
	put(queue, NOTIFICATION_ALARM, "a", 2);
	assert_int_equal(queue_count(queue), 1);
	put(queue, NOTIFICATION_OK, "a", 3);
	assert_int_equal(queue_count(queue), 0);
	/* the OK of a delivered alarm is kept, with or without its repeats */
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "b", 4);
	assert_int_equal(next_id(queue, 0), 4);
	queue_answer(queue, 4, ANSWER_DONE, 0);
	queue_close(queue);
	put(queue, NOTIFICATION_ALARM, "b", 5);
	put(queue, NOTIFICATION_OK, "b", 6);
	queue_open(queue);
	assert_int_equal(next_id(queue, SEC), 6);
	queue_free(queue);
}

static void a_room_gets_the_latest_notification(void **state)
{
	struct queue *queue = room_new();

	(void)state;
	put(queue, NOTIFICATION_ALARM, "a", 1);
	put(queue, NOTIFICATION_ALARM, "a", 2);
	put(queue, NOTIFICATION_OK, "a", 3);
	queue_open(queue);
	assert_int_equal(next_id(queue, 0), 3);
	put(queue, NOTIFICATION_ALARM, "b", 4);
	put(queue, NOTIFICATION_ALARM, "b", 5);
	queue_answer(queue, 3, ANSWER_DONE, 0);
	assert_int_equal(next_id(queue, 0), 5);
	queue_close(queue);
	put(queue, NOTIFICATION_OK, "b", 6);
	queue_open(queue);
	assert_int_equal(next_id(queue, SEC), 6);
	assert_int_equal(queue_count(queue), 1);
	queue_free(queue);
}

/* The queue after a restart, from the saved state; ids continue from *id. */
static struct queue *resumed(struct queue *queue, uint64_t *id, struct queue *next)
{
	struct queue_saved past;

	queue_remember(queue, &past);
	queue_free(queue);
	queue_resume(next, &past, id);
	return next;
}

/* The delivery of the older one is unknown; the newer one has the current state. */
static void a_room_gets_the_latest_after_a_missing_response(void **state)
{
	struct queue *queue = room_new();
	uint64_t id = 70;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(next_id(queue, 0), 1);
	put(queue, NOTIFICATION_OK, "a", 2);
	queue_close(queue);
	queue_open(queue);
	assert_true(queue_intend(queue, SEC)); /* not the notification of the last attempt */
	assert_int_equal(next_id(queue, SEC), 2);
	put(queue, NOTIFICATION_ALARM, "b", 3);
	assert_true(queue_expire(queue, SEC + LIMIT)); /* no answer */
	assert_int_equal(queue_count(queue), 1);
	assert_int_equal(next_id(queue, SEC + LIMIT), 3);
	put(queue, NOTIFICATION_OK, "b", 4);
	assert_true(queue_answer(queue, 3, ANSWER_FAILED, 0));
	assert_int_equal(next_id(queue, queue_deadline(queue)), 4);
	put(queue, NOTIFICATION_ALARM, "c", 5);
	queue = resumed(queue, &id, room_new());
	queue_open(queue);
	assert_int_equal(next_id(queue, 0), id);
	assert_int_equal(queue_count(queue), 1);
	queue_free(queue);
}

/* A room that confirms nothing may still show every message: it must not be flooded. */
static void retries_in_a_room_are_rate_limited(void **state)
{
	struct queue *queue = room_new();
	nsec now = 0;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_OK, "a", 1);
	for (nsec wait = SEC; wait < 60 * SEC; wait *= 2) {
		assert_int_equal(next_id(queue, now), 1);
		assert_true(queue_expire(queue, now + LIMIT));
		now += LIMIT + wait;
		assert_int_equal(queue_deadline(queue), now);
	}
	/* a new notification does not wait */
	put(queue, NOTIFICATION_ALARM, "b", 2);
	assert_int_equal(next_id(queue, now - SEC), 2);
	assert_true(queue_answer(queue, 2, ANSWER_FAILED, now));
	assert_int_equal(queue_deadline(queue), now + 60 * SEC);
	queue_free(queue);
}

static void an_intent_is_reported_once_before_the_first_attempt(void **state)
{
	struct queue *queue = incidents_new();

	(void)state;
	assert_false(queue_intend(queue, 0));
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_false(queue_intend(queue, 0)); /* closed: nothing is tried */
	queue_open(queue);
	assert_true(queue_intend(queue, 0));
	assert_false(queue_intend(queue, 0));
	/* from then on it may have been sent, so its OK must be sent */
	put(queue, NOTIFICATION_OK, "a", 2);
	assert_int_equal(queue_count(queue), 2);
	assert_int_equal(next_id(queue, 0), 1);
	assert_true(queue_answer(queue, 1, ANSWER_FAILED, 0));
	assert_false(queue_intend(queue, LIMIT)); /* a second attempt is no new intent */
	assert_int_equal(next_id(queue, LIMIT), 1);
	assert_true(queue_answer(queue, 1, ANSWER_DONE, LIMIT));
	assert_true(queue_intend(queue, LIMIT)); /* the OK is a new one */
	queue_free(queue);
}

static void a_restart_continues_with_the_saved_queue(void **state)
{
	struct queue *queue = incidents_new();
	uint64_t id = 70;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(next_id(queue, 0), 1);
	put(queue, NOTIFICATION_OK, "a", 2);
	put(queue, NOTIFICATION_ALARM, "b", 3);
	queue = resumed(queue, &id, incidents_new());
	assert_int_equal(id, 73);
	assert_int_equal(queue_count(queue), 3);
	assert_int_equal(next_id(queue, 0), 0); /* closed until the channel opens */
	queue_open(queue);
	assert_false(queue_answer(queue, 1, ANSWER_DONE, 0)); /* an id from before the restart */
	assert_false(queue_intend(queue, 0));                 /* it was tried before */
	for (uint64_t next = 71; next <= 73; next++) {
		assert_int_equal(next_id(queue, 0), next);
		assert_true(queue_answer(queue, next, ANSWER_DONE, 0));
	}
	queue_free(queue);
}

static void a_restart_sends_the_ok_of_a_delivered_alarm_only(void **state)
{
	struct queue *queue = incidents_new();
	uint64_t id = 70;

	(void)state;
	queue_open(queue);
	put(queue, NOTIFICATION_ALARM, "a", 1);
	assert_int_equal(next_id(queue, 0), 1);
	assert_true(queue_answer(queue, 1, ANSWER_DONE, 0));
	queue = resumed(queue, &id, incidents_new());
	assert_int_equal(queue_count(queue), 0);
	put(queue, NOTIFICATION_OK, "b", 80);
	assert_int_equal(queue_count(queue), 0);
	put(queue, NOTIFICATION_OK, "a", 81);
	queue_open(queue);
	assert_true(queue_intend(queue, 0));
	assert_int_equal(next_id(queue, 0), 81);
	queue_free(queue);
}

/*
 * A receiver that keeps incidents as PagerDuty does, on a channel that fails, closes and loses
 * responses at random, through 100,000 incidents. No incident stays open or is opened again.
 */
struct receiver {
	struct queue *queue;
	long opened; /* the incident that is open; 0: none */
	long newest; /* the newest that was ever opened */
	nsec now;
};

static void receiver_step(struct receiver *receiver)
{
	uint64_t id;

	queue_expire(receiver->queue, receiver->now);
	const struct notification *notification = queue_take(receiver->queue, receiver->now, &id);

	if (notification == NULL)
		return;
	double outcome = drand48();
	if (outcome < 0.2) {
		queue_answer(receiver->queue, id, ANSWER_FAILED, receiver->now);
		return;
	}
	long incident = strtol(notification->key, NULL, 10);
	if (notification->kind == NOTIFICATION_ALARM) {
		assert_true(receiver->opened == 0 || receiver->opened == incident);
		assert_true(incident >= receiver->newest);
		receiver->opened = receiver->newest = incident;
	} else if (receiver->opened == incident) {
		receiver->opened = 0;
	}
	if (outcome < 0.4) /* delivered, but the response is lost */
		queue_close(receiver->queue);
	else
		queue_answer(receiver->queue, id, ANSWER_DONE, receiver->now);
}

static void receiver_run(struct receiver *receiver, int steps)
{
	for (int step = 0; step < steps; step++) {
		if (drand48() < 0.3)
			queue_open(receiver->queue);
		else if (drand48() < 0.1)
			queue_close(receiver->queue);
		receiver_step(receiver);
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
			receiver_run(&receiver, (int)(drand48() * 4));
		}
		put(receiver.queue, NOTIFICATION_OK, key, ++id);
		receiver_run(&receiver, (int)(drand48() * 4));
	}
	receiver_run(&receiver, 1000);
	assert_int_equal(queue_count(receiver.queue), 0);
	assert_int_equal(receiver.opened, 0);
	assert_true(receiver.newest > 90000);
	queue_free(receiver.queue);
}

static void intervals_depend_on_max_latency(void **state)
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
		cmocka_unit_test(notifications_are_sent_one_at_a_time_in_order),
		cmocka_unit_test(a_failure_is_retried_with_back_off),
		cmocka_unit_test(a_missing_response_is_a_failure),
		cmocka_unit_test(a_refused_notification_is_dropped),
		cmocka_unit_test(an_unknown_outcome_is_retried_and_its_ok_follows),
		cmocka_unit_test(an_unsent_alarm_is_dropped_with_its_ok),
		cmocka_unit_test(a_room_gets_the_latest_notification),
		cmocka_unit_test(a_room_gets_the_latest_after_a_missing_response),
		cmocka_unit_test(retries_in_a_room_are_rate_limited),
		cmocka_unit_test(an_intent_is_reported_once_before_the_first_attempt),
		cmocka_unit_test(a_restart_continues_with_the_saved_queue),
		cmocka_unit_test(a_restart_sends_the_ok_of_a_delivered_alarm_only),
		cmocka_unit_test(every_incident_is_closed),
		cmocka_unit_test(intervals_depend_on_max_latency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
