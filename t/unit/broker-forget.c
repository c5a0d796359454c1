/* SPDX-License-Identifier: MIT */
/* Deletion requests: the checks they find, and their completion after a 202. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/pending.h"
#include "httpbroker/delivery/record.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct core core;
	struct loader *loader;
	struct accepted *accepted;
	struct pending *pending;
};

static const struct moment now = {1795224000 * NSEC_PER_SEC, NSEC_PER_SEC};
static const struct siphash_key key = {1, 2};

static int fixture_open(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	fixture->core = (struct core){
		.checks = checks_new(&key),
		.settings = {.interval = 10 * NSEC_PER_SEC,
			.max_checks = 100,
			.stale_as = STATE_UNKNOWN,
			.forget_after = NSEC_NEVER},
		.max_pending = 100,
		.flapjack = 2,
		.persistent = true,
	};
	core_open(&fixture->core, now);
	fixture->loader = loader_new(&key);
	fixture->accepted = accepted_new(100, &key);
	fixture->pending = pending_new(&fixture->core, fixture->loader, fixture->accepted);
	*state = fixture;
	return 0;
}

static int fixture_close(void **state)
{
	struct fixture *fixture = *state;

	pending_free(fixture->pending);
	accepted_free(fixture->accepted);
	loader_free(fixture->loader);
	core_close(&fixture->core);
	checks_free(fixture->core.checks);
	free(fixture);
	return 0;
}

static void check_add(struct fixture *fixture, const char *entity, const char *check)
{
	struct event event = event_plain(entity, check, STATE_OK);
	struct prepared prepared;

	event.time = now.wall / NSEC_PER_SEC;
	prepared_make(&prepared, &event, 2, now);
	assert_int_equal(engine_apply(fixture->core.engine, &prepared, now), ENGINE_APPLIED);
	prepared_free(&prepared);
}

static bool is_known(const struct fixture *fixture, const char *text, uint16_t entity_length)
{
	const struct names names = {text, (uint16_t)strlen(text), entity_length};

	return checks_find(fixture->core.checks, &names) != NULL;
}

/* Adds three checks of `e` and others with similar names. */
static void checks_add_some(struct fixture *fixture)
{
	check_add(fixture, "e", "1");
	check_add(fixture, "e", "2");
	check_add(fixture, "e", "3");
	check_add(fixture, "ee", "1");
	check_add(fixture, "f", "1");
	check_add(fixture, "e:1", "e");
}

static void assert_remembered(const struct forget *forget, const char *text, int64_t time)
{
	size_t found = 0;

	for (size_t i = 0; i < forget->count; i++) {
		const struct prepared *prepared = &forget->checks[i];

		assert_true(prepared->forgotten);
		assert_int_equal(prepared->names.entity_length, 1);
		assert_int_equal(prepared->time, time);
		found += prepared->names.length == strlen(text) &&
			 memcmp(prepared->names.bytes, text, strlen(text)) == 0;
	}
	assert_int_equal(found, 1);
}

static void all_checks_of_an_entity_are_forgotten_shard_by_shard(void **state)
{
	const struct moment later = {now.wall + 5 * NSEC_PER_SEC, now.monotonic};
	struct forget forget = {.names = {"e", 1, 1}};
	struct fixture *fixture = *state;

	checks_add_some(fixture);
	assert_true(forget_is_whole_entity(&forget));
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++)
		forget_shard(&forget, &fixture->core, shard, later);
	assert_int_equal(forget.count, 3);
	assert_int_equal(checks_count(fixture->core.checks), 3);
	assert_remembered(&forget, "e:1", 1795224005);
	assert_remembered(&forget, "e:2", 1795224005);
	assert_remembered(&forget, "e:3", 1795224005);
	assert_true(is_known(fixture, "ee:1", 2) && is_known(fixture, "f:1", 1) &&
		    is_known(fixture, "e:1:e", 3));
	forget_end(&forget);
	assert_int_equal(forget.count, 3); /* still to be pushed */
	forget_reopen(&forget);
	assert_int_equal(forget.count, 0);
}

static void one_check_is_forgotten_if_it_is_known(void **state)
{
	struct forget forget = {.names = {"e:2", 3, 1}};
	struct fixture *fixture = *state;

	checks_add_some(fixture);
	assert_false(forget_is_whole_entity(&forget));
	forget_check(&forget, &fixture->core, now);
	forget_check(&forget, &fixture->core, now);
	assert_int_equal(forget.count, 1);
	assert_remembered(&forget, "e:2", 1795224000);
	assert_false(is_known(fixture, "e:2", 1));
	assert_int_equal(checks_count(fixture->core.checks), 5);
	forget_end(&forget);
}

/* Otherwise a broker with a correct clock would treat the event as newer. */
static void a_deletion_is_not_older_than_the_known_event(void **state)
{
	const struct moment back = {now.wall - 60 * NSEC_PER_SEC, now.monotonic};
	struct forget forget = {.names = {"e:2", 3, 1}};
	struct fixture *fixture = *state;

	checks_add_some(fixture);
	forget_check(&forget, &fixture->core, back);
	assert_int_equal(forget.count, 1);
	assert_remembered(&forget, "e:2", 1795224000);
	forget_end(&forget);
}

static void done(struct submission *submission)
{
	*(bool *)submission->owner = true;
}

/* Submits it, and completes it with 202 as while Redis is down. */
static void forget_while_redis_is_down(struct fixture *fixture, struct names names, size_t count)
{
	bool answered = false;
	struct forget forget = {.names = names};
	struct submission submission = {.forget = &forget, .done = done, .owner = &answered};

	pending_add(fixture->pending, &submission, now.monotonic);
	for (int i = 0; i < CHECKS_SHARDS && !answered; i++) {
		pending_apply(fixture->pending, now);
		pending_accept(fixture->pending, forget.count == count, NULL, now.monotonic);
	}
	assert_true(answered);
	assert_int_equal(submission.result, SUBMISSION_ACCEPTED);
	assert_int_equal(forget.count, count);
	assert_null(forget.checks);
}

static void a_deletion_answered_202_is_done_after_a_reload(void **state)
{
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};
	struct fixture *fixture = *state;

	checks_add_some(fixture);
	forget_while_redis_is_down(fixture, (struct names){"f:1", 3, 1}, 1);
	forget_while_redis_is_down(fixture, (struct names){"e", 1, 1}, 3);
	assert_int_equal(accepted_count(fixture->accepted), 4);
	assert_int_equal(accepted_unapplied(fixture->accepted), 0);
	/* another broker was active meanwhile; the records are read, and one check has a newer
	 * event */
	core_reset(&fixture->core, now);
	checks_add_some(fixture);
	struct check *newer = checks_find(fixture->core.checks, &(struct names){"e:3", 3, 1});
	newer->time++;
	outbox_drain(fixture->core.outbox, 0, &events, &records);
	pending_reopen(fixture->pending);
	assert_int_equal(accepted_unapplied(fixture->accepted), 4);
	struct moment later = {now.wall + NSEC_PER_SEC, now.monotonic};
	pending_apply(fixture->pending, later);
	assert_true(pending_is_empty(fixture->pending));
	assert_int_equal(checks_count(fixture->core.checks), 3);
	assert_true(is_known(fixture, "e:3", 1) && is_known(fixture, "ee:1", 2) &&
		    is_known(fixture, "e:1:e", 3));
	outbox_drain(fixture->core.outbox, 0, &events, &records);
	assert_string_equal(events.data, "");
	assert_non_null(strstr(records.data, "f\x1f"
					     "1\n-\n"));
	const struct confirmation all = {
		.confirmed = true, .kept_from = outbox_done(fixture->core.outbox)};
	pending_committed(fixture->pending, &all);
	assert_int_equal(accepted_count(fixture->accepted), 0);
	buffer_free(&events);
	buffer_free(&records);
}

static void an_unfinished_deletion_starts_again(void **state)
{
	bool answered = false;
	struct forget forget = {.names = {"e:2", 3, 1}};
	struct submission submission = {.forget = &forget, .done = done, .owner = &answered};
	struct fixture *fixture = *state;

	checks_add_some(fixture);
	pending_add(fixture->pending, &submission, now.monotonic);
	pending_apply(fixture->pending, now);
	assert_int_equal(forget.count, 1);
	core_reset(&fixture->core, now);
	checks_add_some(fixture);
	pending_reopen(fixture->pending);
	pending_apply(fixture->pending, now);
	assert_int_equal(forget.count, 1);
	assert_remembered(&forget, "e:2", 1795224000);
	assert_false(is_known(fixture, "e:2", 1));
	pending_drop(fixture->pending, "the broker is stopping");
	assert_true(answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_checks_of_an_entity_are_forgotten_shard_by_shard),
		TEST(one_check_is_forgotten_if_it_is_known),
		TEST(a_deletion_is_not_older_than_the_known_event),
		TEST(a_deletion_answered_202_is_done_after_a_reload),
		TEST(an_unfinished_deletion_starts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
