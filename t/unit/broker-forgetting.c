/* SPDX-License-Identifier: MIT */
/* A request to forget: what it finds, and what becomes of it when it is answered 202. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/desk.h"
#include "httpbroker/delivery/recall.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

struct room {
	struct books books;
	struct reader *reader;
	struct backlog *backlog;
	struct desk *desk;
};

static const struct moment now = {1795224000 * NSEC_PER_SEC, NSEC_PER_SEC};
static const struct siphash_key key = {1, 2};

static int room_open(void **state)
{
	struct room *room = calloc(1, sizeof *room);

	assert_non_null(room);
	room->books = (struct books){
		.states = states_new(&key),
		.interval = 10 * NSEC_PER_SEC,
		.most = 100,
		.flapjack = 2,
		.persistent = true,
		.stale_as = CONDITION_UNKNOWN,
		.most_states = 100,
		.forget_after = NSEC_NEVER,
	};
	books_open(&room->books, now);
	room->reader = reader_new(&key);
	room->backlog = backlog_new(100, &key);
	room->desk = desk_new(&room->books, room->reader, room->backlog);
	*state = room;
	return 0;
}

static int room_close(void **state)
{
	struct room *room = *state;

	desk_free(room->desk);
	backlog_free(room->backlog);
	reader_free(room->reader);
	books_close(&room->books);
	states_free(room->books.states);
	free(room);
	return 0;
}

static void know(struct room *room, const char *entity, const char *check)
{
	struct event event = event_plain(entity, check, CONDITION_OK);
	struct posting posting;

	event.time = now.wall / NSEC_PER_SEC;
	posting_make(&posting, &event, 2, now);
	assert_int_equal(ledger_take(room->books.ledger, &posting, now), LEDGER_TAKEN);
	posting_free(&posting);
}

static bool is_known(const struct room *room, const char *text, uint16_t entity_length)
{
	const struct names names = {text, (uint16_t)strlen(text), entity_length};

	return states_find(room->books.states, &names) != NULL;
}

/* All that is known: three checks of `e`, and others that look like such. */
static void know_some(struct room *room)
{
	know(room, "e", "1");
	know(room, "e", "2");
	know(room, "e", "3");
	know(room, "ee", "1");
	know(room, "f", "1");
	know(room, "e:1", "e");
}

static void assert_remembered(const struct forgetting *forgetting, const char *text, int64_t time)
{
	size_t found = 0;

	for (size_t i = 0; i < forgetting->count; i++) {
		const struct posting *posting = &forgetting->checks[i];

		assert_true(posting->forgotten);
		assert_int_equal(posting->names.entity_length, 1);
		assert_int_equal(posting->time, time);
		found += posting->names.length == strlen(text) &&
			 memcmp(posting->names.bytes, text, strlen(text)) == 0;
	}
	assert_int_equal(found, 1);
}

static void a_whole_entity_is_forgotten_a_shard_at_a_time(void **state)
{
	const struct moment later = {now.wall + 5 * NSEC_PER_SEC, now.monotonic};
	struct forgetting forgetting = {.names = {"e", 1, 1}};
	struct room *room = *state;

	know_some(room);
	assert_true(forgetting_is_whole(&forgetting));
	for (unsigned shard = 0; shard < STATES_SHARDS; shard++)
		forgetting_shard(&forgetting, &room->books, shard, later);
	assert_int_equal(forgetting.count, 3);
	assert_int_equal(states_count(room->books.states), 3);
	assert_remembered(&forgetting, "e:1", 1795224005);
	assert_remembered(&forgetting, "e:2", 1795224005);
	assert_remembered(&forgetting, "e:3", 1795224005);
	assert_true(is_known(room, "ee:1", 2) && is_known(room, "f:1", 1) &&
		    is_known(room, "e:1:e", 3));
	forgetting_end(&forgetting);
	assert_int_equal(forgetting.count, 3); /* which is still to be told */
	forgetting_reopen(&forgetting);
	assert_int_equal(forgetting.count, 0);
}

static void one_check_is_forgotten_if_it_is_known(void **state)
{
	struct forgetting forgetting = {.names = {"e:2", 3, 1}};
	struct room *room = *state;

	know_some(room);
	assert_false(forgetting_is_whole(&forgetting));
	forgetting_check(&forgetting, &room->books, now);
	forgetting_check(&forgetting, &room->books, now);
	assert_int_equal(forgetting.count, 1);
	assert_remembered(&forgetting, "e:2", 1795224000);
	assert_false(is_known(room, "e:2", 1));
	assert_int_equal(states_count(room->books.states), 5);
	forgetting_end(&forgetting);
}

/* Or another broker, whose clock is right, would hold that for newer. */
static void it_is_not_before_what_is_known_however_the_clock_was_set(void **state)
{
	const struct moment back = {now.wall - 60 * NSEC_PER_SEC, now.monotonic};
	struct forgetting forgetting = {.names = {"e:2", 3, 1}};
	struct room *room = *state;

	know_some(room);
	forgetting_check(&forgetting, &room->books, back);
	assert_int_equal(forgetting.count, 1);
	assert_remembered(&forgetting, "e:2", 1795224000);
	forgetting_end(&forgetting);
}

static void done(struct submission *submission)
{
	*(bool *)submission->owner = true;
}

/* Submits it, and answers it as where Redis is away. */
static void forget_away(struct room *room, struct names names, size_t count)
{
	bool answered = false;
	struct forgetting forgetting = {.names = names};
	struct submission submission = {
		.forgetting = &forgetting, .done = done, .owner = &answered};

	desk_take(room->desk, &submission, now.monotonic);
	for (int i = 0; i < STATES_SHARDS && !answered; i++) {
		desk_judge(room->desk, now);
		desk_keep(room->desk, forgetting.count == count, NULL, now.monotonic);
	}
	assert_true(answered);
	assert_int_equal(submission.result, SUBMISSION_KEPT);
	assert_int_equal(forgetting.count, count);
	assert_null(forgetting.checks);
}

static void what_is_answered_202_is_done_by_whoever_reads_the_checks_again(void **state)
{
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};
	struct room *room = *state;

	know_some(room);
	forget_away(room, (struct names){"f:1", 3, 1}, 1);
	forget_away(room, (struct names){"e", 1, 1}, 3);
	assert_int_equal(backlog_count(room->backlog), 4);
	assert_int_equal(backlog_unjudged(room->backlog), 0);
	/* another was active meanwhile; what Redis has is read, and one has been heard of since */
	books_reset(&room->books, now);
	know_some(room);
	struct state *newer = states_find(room->books.states, &(struct names){"e:3", 3, 1});
	newer->time++;
	outbox_drain(room->books.outbox, 0, &events, &records);
	desk_reopen(room->desk);
	assert_int_equal(backlog_unjudged(room->backlog), 4);
	struct moment later = {now.wall + NSEC_PER_SEC, now.monotonic};
	desk_judge(room->desk, later);
	assert_true(desk_is_empty(room->desk));
	assert_int_equal(states_count(room->books.states), 3);
	assert_true(is_known(room, "e:3", 1) && is_known(room, "ee:1", 2) &&
		    is_known(room, "e:1:e", 3));
	outbox_drain(room->books.outbox, 0, &events, &records);
	assert_string_equal(events.data, "");
	assert_non_null(strstr(records.data, "f\x1f"
					     "1\n-\n"));
	desk_commit(room->desk);
	assert_int_equal(backlog_count(room->backlog), 0);
	buffer_free(&events);
	buffer_free(&records);
}

static void what_came_to_nothing_begins_again(void **state)
{
	bool answered = false;
	struct forgetting forgetting = {.names = {"e:2", 3, 1}};
	struct submission submission = {
		.forgetting = &forgetting, .done = done, .owner = &answered};
	struct room *room = *state;

	know_some(room);
	desk_take(room->desk, &submission, now.monotonic);
	desk_judge(room->desk, now);
	assert_int_equal(forgetting.count, 1);
	books_reset(&room->books, now);
	know_some(room);
	desk_reopen(room->desk);
	desk_judge(room->desk, now);
	assert_int_equal(forgetting.count, 1);
	assert_remembered(&forgetting, "e:2", 1795224000);
	assert_false(is_known(room, "e:2", 1));
	desk_drop(room->desk, "the broker is stopping");
	assert_true(answered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, room_open, room_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_entity_is_forgotten_a_shard_at_a_time),
		TEST(one_check_is_forgotten_if_it_is_known),
		TEST(it_is_not_before_what_is_known_however_the_clock_was_set),
		TEST(what_is_answered_202_is_done_by_whoever_reads_the_checks_again),
		TEST(what_came_to_nothing_begins_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
