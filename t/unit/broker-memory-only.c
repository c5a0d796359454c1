/* SPDX-License-Identifier: MIT */
/* The delivery without a Redis: everything is answered at once, nothing is kept back. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/delivery.h"
#include "t/unit/broker-parts.h"

#include <semaphore.h>
#include <string.h>

struct office {
	struct checks *checks;
	struct delivery *delivery;
	sem_t done;
};

static void office_open(struct office *office)
{
	const struct delivery_settings settings = {
		.memory_only = true,
		.interval = 10 * NSEC_PER_MSEC,
		.queue = "events",
		.flapjack = 2,
		.name = "default",
		.place = "nowhere",
		.persistent = true,
		.stale_as = STATE_UNKNOWN,
		.forget_after = NSEC_NEVER,
		.max_pending = 1,
		.max_states = 1000,
		.max_queue = 1,
	};

	sem_init(&office->done, 0, 0);
	office->checks = checks_new(&(struct siphash_key){1, 2});
	office->delivery = delivery_start(&settings, office->checks);
}

static void office_close(struct office *office)
{
	struct submission late = {.owner = office};

	delivery_stop(office->delivery, NSEC_PER_SEC);
	assert_false(delivery_submit(office->delivery, &late));
	delivery_free(office->delivery);
	checks_free(office->checks);
	sem_destroy(&office->done);
}

static void submission_done(struct submission *submission)
{
	struct office *office = submission->owner;

	sem_post(&office->done);
}

static void submit_and_wait(struct office *office, struct submission *submission)
{
	submission->owner = office;
	submission->done = submission_done;
	assert_true(delivery_submit(office->delivery, submission));
	while (sem_wait(&office->done) != 0)
		continue;
	assert_int_equal(submission->result, SUBMISSION_COMMITTED);
}

/* Posts `count` checks of the entity `e`, all in one submission. */
static void post_many(struct office *office, size_t count)
{
	struct item items[8];
	char names[8][2] = {"a", "b", "c", "d", "e", "f", "g", "h"};

	assert_between(count, 1, 8);
	for (size_t i = 0; i < count; i++) {
		struct event event = event_plain("e", names[i], STATE_OK);

		event.time = moment_now().wall / NSEC_PER_SEC;
		items[i] = (struct item){.submitted = true, .result = ENGINE_FULL};
		prepared_make(&items[i].prepared, &event, 2, moment_now());
	}
	submit_and_wait(office, &(struct submission){.items = items, .count = count});
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(items[i].result, ENGINE_APPLIED);
		prepared_free(&items[i].prepared);
	}
}

static size_t forget(struct office *office, const char *name, uint16_t entity_length)
{
	struct forget forget = {
		.names = {name, (uint16_t)strlen(name), entity_length},
	};

	submit_and_wait(office, &(struct submission){.forget = &forget});
	return forget.count;
}

static void what_is_posted_is_kept_and_may_be_forgotten(void **state)
{
	struct office office;

	(void)state;
	office_open(&office);
	post_many(&office, 8); /* though only one may wait for Redis */
	post_many(&office, 8);
	assert_int_equal(checks_count(office.checks), 8);
	assert_int_equal(forget(&office, "e:c", 1), 1);
	assert_int_equal(forget(&office, "e:c", 1), 0);
	assert_int_equal(checks_count(office.checks), 7);
	assert_int_equal(forget(&office, "e", 1), 7);
	assert_int_equal(checks_count(office.checks), 0);
	office_close(&office);
}

static void it_is_active_and_waits_for_nothing(void **state)
{
	struct office office;

	(void)state;
	office_open(&office);
	post_many(&office, 1);
	struct delivery_status status = delivery_status(office.delivery);
	assert_int_equal(status.role, DELIVERY_ACTIVE);
	assert_true(status.memory_only);
	assert_false(status.redis_up);
	assert_string_equal(status.redis_why, "");
	assert_false(status.loading);
	assert_int_equal(status.pending, 0);
	office_close(&office);
}

/* Counts those that were answered, on whatever thread. */
static _Atomic int answered;

static void late_done(struct submission *submission)
{
	assert_int_equal(submission->result, SUBMISSION_COMMITTED);
	answered++;
}

static void what_comes_just_before_the_end_is_answered(void **state)
{
	struct office office;
	struct forget forgettings[100];
	struct submission submissions[100];

	(void)state;
	office_open(&office);
	for (int i = 0; i < 100; i++) {
		forgettings[i] = (struct forget){.names = {"e", 1, 1}};
		submissions[i] = (struct submission){
			.forget = &forgettings[i], .done = late_done, .owner = &office};
		assert_true(delivery_submit(office.delivery, &submissions[i]));
	}
	office_close(&office);
	assert_int_equal(answered, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_posted_is_kept_and_may_be_forgotten),
		cmocka_unit_test(it_is_active_and_waits_for_nothing),
		cmocka_unit_test(what_comes_just_before_the_end_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
