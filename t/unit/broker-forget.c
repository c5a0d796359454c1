/* SPDX-License-Identifier: MIT */
/* Deletion requests: the checks they find, and their completion after a 202. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/pending.h"
#include "httpbroker/delivery/record.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

struct room {
	struct core core;
	struct loader *loader;
	struct accepted *accepted;
	struct pending *pending;
};

static const struct moment now = {1795224000 * NSEC_PER_SEC, NSEC_PER_SEC};
static const struct siphash_key key = {1, 2};

static int room_open(void **state)
{
	struct room *room = calloc(1, sizeof *room);

	assert_non_null(room);
	room->core = (struct core){
		.checks = checks_new(&key),
		.settings = {.interval = 10 * NSEC_PER_SEC,
			.max_checks = 100,
			.stale_state = STATE_UNKNOWN,
			.forget_after = NSEC_NEVER},
		.max_pending = 100,
		.flapjack = 2,
		.persistent = true,
	};
	core_open(&room->core, now);
	room->loader = loader_new(&key);
	room->accepted = accepted_new(100, &key);
	room->pending = pending_new(&room->core, room->loader, room->accepted);
	*state = room;
	return 0;
}

static int room_close(void **state)
{
	struct room *room = *state;

	pending_free(room->pending);
	accepted_free(room->accepted);
	loader_free(room->loader);
	core_close(&room->core);
	checks_free(room->core.checks);
	free(room);
	return 0;
}

static void know(struct room *room, const char *entity, const char *check)
{
	struct event event = event_plain(entity, check, STATE_OK);
	struct prepared prepared;

	event.time = now.wall / NSEC_PER_SEC;
	prepared_make(&prepared, &event, 2, now);
	assert_int_equal(engine_apply(room->core.engine, &prepared, now), ENGINE_APPLIED);
	prepared_free(&prepared);
}

static bool is_known(const struct room *room, const char *text, uint16_t entity_length)
{
	const struct names names = {text, (uint16_t)strlen(text), entity_length};

	return checks_find(room->core.checks, &names) != NULL;
}

/* Adds three checks of `e` and others with similar names. */
static void know_some(struct room *room)
{
	know(room, "e", "1");
	know(room, "e", "2");
	know(room, "e", "3");
	know(room, "ee", "1");
	know(room, "f", "1");
	know(room, "e:1", "e");
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
	struct room *room = *state;

	know_some(room);
	assert_true(forget_is_whole_entity(&forget));
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++)
		forget_shard(&forget, &room->core, shard, later);
	assert_int_equal(forget.count, 3);
	assert_int_equal(checks_count(room->core.checks), 3);
	assert_remembered(&forget, "e:1", 1795224005);
	assert_remembered(&forget, "e:2", 1795224005);
	assert_remembered(&forget, "e:3", 1795224005);
	assert_true(is_known(room, "ee:1", 2) && is_known(room, "f:1", 1) &&
		    is_known(room, "e:1:e", 3));
	forget_end(&forget);
	assert_int_equal(forget.count, 3); /* still to be pushed */
	forget_reopen(&forget);
	assert_int_equal(forget.count, 0);
}

static void one_check_is_forgotten_if_it_is_known(void **state)
{
	struct forget forget = {.names = {"e:2", 3, 1}};
	struct room *room = *state;

	know_some(room);
	assert_false(forget_is_whole_entity(&forget));
	forget_check(&forget, &room->core, now);
	forget_check(&forget, &room->core, now);
	assert_int_equal(forget.count, 1);
	assert_remembered(&forget, "e:2", 1795224000);
	assert_false(is_known(room, "e:2", 1));
	assert_int_equal(checks_count(room->core.checks), 5);
	forget_end(&forget);
}

/* Otherwise a broker with a correct clock would treat the event as newer. */
static void a_deletion_is_not_older_than_the_known_event(void **state)
{
	const struct moment back = {now.wall - 60 * NSEC_PER_SEC, now.monotonic};
	struct forget forget = {.names = {"e:2", 3, 1}};
	struct room *room = *state;

	know_some(room);
	forget_check(&forget, &room->core, back);
	assert_int_equal(forget.count, 1);
	assert_remembered(&forget, "e:2", 1795224000);
	forget_end(&forget);
}

static void done(struct submission *submission)
{
	*(bool *)submission->owner = true;
}

/* Submits it, and completes it with 202 as while Redis is down. */
static void forget_away(struct room *room, struct names names, size_t count)
{
	bool answered = false;
	struct forget forget = {.names = names};
	struct submission submission = {.forget = &forget, .done = done, .owner = &answered};

	pending_add(room->pending, &submission, now.monotonic);
	for (int i = 0; i < CHECKS_SHARDS && !answered; i++) {
		pending_apply(room->pending, now);
		pending_accept(room->pending, forget.count == count, NULL, now.monotonic);
	}
	assert_true(answered);
	assert_int_equal(submission.result, SUBMISSION_ACCEPTED);
	assert_int_equal(forget.count, count);
	assert_null(forget.checks);
}

static void a_deletion_answered_202_is_done_after_a_reload(void **state)
{
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};
	struct room *room = *state;

	know_some(room);
	forget_away(room, (struct names){"f:1", 3, 1}, 1);
	forget_away(room, (struct names){"e", 1, 1}, 3);
	assert_int_equal(accepted_count(room->accepted), 4);
	assert_int_equal(accepted_unapplied(room->accepted), 0);
	/* another broker was active meanwhile; the records are read, and one check has a newer
	 * event */
	core_reset(&room->core, now);
	know_some(room);
	struct check *newer = checks_find(room->core.checks, &(struct names){"e:3", 3, 1});
	newer->time++;
	outbox_drain(room->core.outbox, 0, &events, &records);
	pending_reopen(room->pending);
	assert_int_equal(accepted_unapplied(room->accepted), 4);
	struct moment later = {now.wall + NSEC_PER_SEC, now.monotonic};
	pending_apply(room->pending, later);
	assert_true(pending_is_empty(room->pending));
	assert_int_equal(checks_count(room->core.checks), 3);
	assert_true(is_known(room, "e:3", 1) && is_known(room, "ee:1", 2) &&
		    is_known(room, "e:1:e", 3));
	outbox_drain(room->core.outbox, 0, &events, &records);
	assert_string_equal(events.data, "");
	assert_non_null(strstr(records.data, "f\x1f"
					     "1\n-\n"));
	pending_committed(room->pending);
	assert_int_equal(accepted_count(room->accepted), 0);
	buffer_free(&events);
	buffer_free(&records);
}

static void an_unfinished_deletion_starts_again(void **state)
{
	bool answered = false;
	struct forget forget = {.names = {"e:2", 3, 1}};
	struct submission submission = {.forget = &forget, .done = done, .owner = &answered};
	struct room *room = *state;

	know_some(room);
	pending_add(room->pending, &submission, now.monotonic);
	pending_apply(room->pending, now);
	assert_int_equal(forget.count, 1);
	core_reset(&room->core, now);
	know_some(room);
	pending_reopen(room->pending);
	pending_apply(room->pending, now);
	assert_int_equal(forget.count, 1);
	assert_remembered(&forget, "e:2", 1795224000);
	assert_false(is_known(room, "e:2", 1));
	pending_drop(room->pending, "the broker is stopping");
	assert_true(answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, room_open, room_close)

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
