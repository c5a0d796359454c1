/* SPDX-License-Identifier: MIT */
/* The delivery without Redis: every submission completes at once. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/delivery.h"
#include "t/unit/broker-parts.h"

#include <sched.h>
#include <semaphore.h>
#include <string.h>

struct fixture {
	struct checks *checks;
	struct delivery *delivery;
	sem_t done;
};

static void fixture_open(struct fixture *fixture)
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

	sem_init(&fixture->done, 0, 0);
	fixture->checks = checks_new(&(struct siphash_key){1, 2});
	fixture->delivery = delivery_start(&settings, fixture->checks);
}

static void fixture_close(struct fixture *fixture)
{
	struct submission late = {.owner = fixture};

	delivery_stop(fixture->delivery, NSEC_PER_SEC);
	assert_false(delivery_submit(fixture->delivery, &late));
	delivery_free(fixture->delivery);
	checks_free(fixture->checks);
	sem_destroy(&fixture->done);
}

static void submission_done(struct submission *submission)
{
	struct fixture *fixture = submission->owner;

	sem_post(&fixture->done);
}

static void submit_and_wait(struct fixture *fixture, struct submission *submission)
{
	submission->owner = fixture;
	submission->done = submission_done;
	assert_true(delivery_submit(fixture->delivery, submission));
	while (sem_wait(&fixture->done) != 0)
		continue;
	assert_int_equal(submission->result, SUBMISSION_COMMITTED);
}

/* Posts `count` checks of the entity `e`, all in one submission. */
static void post_many(struct fixture *fixture, size_t count)
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
	submit_and_wait(fixture, &(struct submission){.items = items, .count = count});
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(items[i].result, ENGINE_APPLIED);
		prepared_free(&items[i].prepared);
	}
}

static size_t forget(struct fixture *fixture, const char *name, uint16_t entity_length)
{
	struct forget forget = {
		.names = {name, (uint16_t)strlen(name), entity_length},
	};

	submit_and_wait(fixture, &(struct submission){.forget = &forget});
	return forget.count;
}

static void posted_checks_are_kept_and_can_be_forgotten(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	post_many(&fixture, 8); /* more than --max-pending, which limits only events for Redis */
	post_many(&fixture, 8);
	assert_int_equal(checks_count(fixture.checks), 8);
	assert_int_equal(forget(&fixture, "e:c", 1), 1);
	assert_int_equal(forget(&fixture, "e:c", 1), 0);
	assert_int_equal(checks_count(fixture.checks), 7);
	assert_int_equal(forget(&fixture, "e", 1), 7);
	assert_int_equal(checks_count(fixture.checks), 0);
	fixture_close(&fixture);
}

static void the_delivery_is_active_and_waits_for_nothing(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	post_many(&fixture, 1);
	struct delivery_status status = delivery_status(fixture.delivery);
	assert_int_equal(status.role, DELIVERY_ACTIVE);
	assert_true(status.memory_only);
	assert_false(status.redis_up);
	assert_string_equal(status.redis_why, "");
	assert_false(status.loading);
	assert_int_equal(status.pending, 0);
	fixture_close(&fixture);
}

/* Counts the completed submissions, on any thread. */
static _Atomic int answered;

static void late_done(struct submission *submission)
{
	assert_int_equal(submission->result, SUBMISSION_COMMITTED);
	answered++;
}

struct hang {
	sem_t begun, end;
};

/* Blocks the delivery thread until the test goes on. */
static void done_hangs(struct submission *submission)
{
	struct hang *hang = submission->owner;

	sem_post(&hang->begun);
	while (sem_wait(&hang->end) != 0)
		continue;
}

/* Within 10 s; each call wakes the thread for a round. */
static bool progress_comes(struct delivery *delivery)
{
	nsec end = clock_monotonic() + 10 * NSEC_PER_SEC;
	bool progress;

	while (!(progress = delivery_progress(delivery)) && clock_monotonic() < end)
		sched_yield();
	return progress;
}

static void a_watchdog_sees_that_the_delivery_hangs(void **state)
{
	struct hang hang;
	struct forget forget = {.names = {"e", 1, 1}};
	struct submission submission = {.forget = &forget, .owner = &hang, .done = done_hangs};
	struct fixture fixture;

	(void)state;
	sem_init(&hang.begun, 0, 0);
	sem_init(&hang.end, 0, 0);
	fixture_open(&fixture);
	delivery_progress(fixture.delivery); /* that of the start */
	assert_true(progress_comes(fixture.delivery));
	assert_true(delivery_submit(fixture.delivery, &submission));
	while (sem_wait(&hang.begun) != 0)
		continue;
	delivery_progress(fixture.delivery);
	assert_false(delivery_progress(fixture.delivery));
	sem_post(&hang.end);
	assert_true(progress_comes(fixture.delivery));
	fixture_close(&fixture);
}

static void submissions_just_before_the_end_are_answered(void **state)
{
	struct fixture fixture;
	struct forget forgettings[100];
	struct submission submissions[100];

	(void)state;
	fixture_open(&fixture);
	for (int i = 0; i < 100; i++) {
		forgettings[i] = (struct forget){.names = {"e", 1, 1}};
		submissions[i] = (struct submission){
			.forget = &forgettings[i], .done = late_done, .owner = &fixture};
		assert_true(delivery_submit(fixture.delivery, &submissions[i]));
	}
	fixture_close(&fixture);
	assert_int_equal(answered, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posted_checks_are_kept_and_can_be_forgotten),
		cmocka_unit_test(the_delivery_is_active_and_waits_for_nothing),
		cmocka_unit_test(a_watchdog_sees_that_the_delivery_hangs),
		cmocka_unit_test(submissions_just_before_the_end_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
