/* SPDX-License-Identifier: MIT */
/* What was answered 202: kept in order until it is in Redis, left for another broker bit by bit. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/leaving.h"
#include "httpbroker/delivery/recall.h"
#include "httpbroker/limits.h"
#include "t/unit/broker-parts.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

static const struct siphash_key key = {1, 2};

static struct posting posting_of(
	const char *check, enum condition condition, int64_t time, const char *summary)
{
	struct event event = event_plain("e", check, condition);
	struct posting posting;

	event.time = time;
	event.summary = (struct text){summary, strlen(summary)};
	posting_make(&posting, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	return posting;
}

static bool put(struct backlog *backlog, const char *check, enum condition condition, int64_t time,
	const char *summary)
{
	struct posting posting = posting_of(check, condition, time, summary);
	bool put = backlog_put(backlog, &posting);

	posting_free(&posting);
	return put;
}

static void put_judged(
	struct backlog *backlog, const char *check, enum condition condition, uint64_t pushes)
{
	struct posting posting = posting_of(check, condition, 1, "s");

	backlog_put_judged(backlog, &posting, &(struct marks){pushes, 0});
	posting_free(&posting);
}

/* The summaries that are kept, from this one on, each with a blank behind it. */
static void assert_kept(const struct kept *kept, const char *expected)
{
	const struct recall recall = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	char text[256] = "";

	for (; kept != NULL; kept = kept->next) {
		const char *summary =
			strstr(kept->json, "\"summary\":\"") + strlen("\"summary\":\"");
		struct posting posting;
		struct reason why;

		strncat(text, summary, strcspn(summary, "\""));
		strcat(text, " ");
		assert_true(recall_event(
			&recall, (struct blob){kept->json, kept->length}, &posting, &why));
		posting_free(&posting);
	}
	assert_string_equal(text, expected);
}

static void what_says_the_same_takes_the_place_of_the_one_before(void **state)
{
	struct backlog *backlog = backlog_new(100, &key);

	(void)state;
	put(backlog, "c", CONDITION_OK, 5, "1");
	put(backlog, "d", CONDITION_OK, 5, "2");
	put(backlog, "c", CONDITION_OK, 5, "3");
	put(backlog, "c", CONDITION_CRITICAL, 5, "4");
	put(backlog, "c", CONDITION_OK, 6, "5");
	put(backlog, "c", CONDITION_OK, 5, "6"); /* older than that: it might lose, but who knows */
	put(backlog, "c", CONDITION_ACKNOWLEDGEMENT, 6, "7");
	put(backlog, "c", CONDITION_ACKNOWLEDGEMENT, 6, "8");
	assert_kept(backlog_first(backlog), "3 2 4 5 6 7 8 ");
	assert_int_equal(backlog_count(backlog), 7);
	assert_int_equal(backlog_unjudged(backlog), 7);
	assert_int_equal(backlog_unjudged_checks(backlog), 2);
	backlog_free(backlog);
}

static void forget(struct backlog *backlog, const char *check, int64_t time)
{
	struct posting posting;

	posting_make_forgotten(&posting, text_literal("\xc3\xa4\""),
		(struct text){check, strlen(check)}, (struct instant){time, 0});
	backlog_put_judged(backlog, &posting, &(struct marks){0, 1});
	posting_free(&posting);
}

/* It is left as JSON, and read back. */
static void assert_forgotten(const struct kept *kept, const char *json, int64_t time)
{
	const struct recall recall = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	struct posting posting;
	struct reason why;

	assert_int_equal(kept->length, strlen(json));
	assert_memory_equal(kept->json, json, kept->length);
	assert_true(recall_event(&recall, (struct blob){kept->json, kept->length}, &posting, &why));
	assert_true(posting.forgotten);
	assert_int_equal(posting.time, time);
	assert_int_equal(posting.names.entity_length, 3);
	assert_memory_equal(posting.names.bytes, "\xc3\xa4\":c", 5);
	assert_int_equal(posting.names.length, 5);
	posting_free(&posting);
}

static void what_is_to_be_forgotten_is_kept_in_its_turn(void **state)
{
	struct event event = event_plain("\xc3\xa4\"", "c", CONDITION_OK);
	struct backlog *backlog = backlog_new(100, &key);
	struct posting posting;

	(void)state;
	event.time = 5;
	posting_make(&posting, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	backlog_put_judged(backlog, &posting, &(struct marks){1, 1});
	forget(backlog, "c", 5);
	backlog_put_judged(backlog, &posting, &(struct marks){2, 2}); /* not before that */
	forget(backlog, "c", 5);
	forget(backlog, "c", 6);
	assert_int_equal(backlog_count(backlog), 4);
	const struct kept *second = backlog_first(backlog)->next;
	assert_forgotten(
		second, "{\"entity\":\"\xc3\xa4\\\"\",\"check\":\"c\",\"forgotten\":5}", 5);
	assert_false(second->next->forgotten);
	assert_forgotten(second->next->next,
		"{\"entity\":\"\xc3\xa4\\\"\",\"check\":\"c\",\"forgotten\":6}", 6);
	posting_free(&posting);
	backlog_free(backlog);
}

/* So that whoever takes it up sets the former name ok. */
static void the_former_names_of_a_check_are_kept(void **state)
{
	const struct recall recall = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	struct event event = event_plain("e", "c{x}", CONDITION_CRITICAL);
	struct posting posting, read;
	struct buffer json = {NULL, 0, 0};
	struct reason why;

	(void)state;
	event.former_entity = text_literal("\xc3\xa4\"");
	event.former_check = text_literal("c");
	posting_make(&posting, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	recall_write(&json, &posting);
	assert_non_null(
		strstr(json.data, ",\"formerly\":{\"entity\":\"\xc3\xa4\\\"\",\"check\":\"c\"}}"));
	assert_true(recall_event(&recall, (struct blob){json.data, json.length}, &read, &why));
	assert_non_null(read.former);
	assert_int_equal(read.former->names.length, 5);
	assert_memory_equal(read.former->names.bytes, "\xc3\xa4\":c", 5);
	assert_string_equal(read.wire.bytes, posting.wire.bytes);
	assert_string_equal(read.former->wire.bytes, posting.former->wire.bytes);
	posting_free(&read);
	posting_free(&posting);
	buffer_free(&json);
}

static void assert_recalled(const char *json, int64_t time, int fraction, bool forgotten)
{
	const struct recall recall = {2, 0, {1000000 * NSEC_PER_SEC + 7 * NSEC_PER_MSEC, 0}};
	struct posting posting;
	struct reason why;

	assert_true(recall_event(&recall, (struct blob){json, strlen(json)}, &posting, &why));
	assert_int_equal(posting.time, time);
	assert_int_equal(posting.fraction, fraction);
	assert_int_equal(posting.forgotten, forgotten);
	posting_free(&posting);
}

#define EVENT_JSON(more) "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"," more "}"
#define FORGOTTEN_JSON(more) "{\"entity\":\"e\",\"check\":\"c\"," more "}"

static void milliseconds_are_kept_where_they_are_known(void **state)
{
	struct event event = event_plain("e", "c", CONDITION_OK);
	struct buffer json = {NULL, 0, 0};
	struct posting posting;

	(void)state;
	event.time = 5;
	event.fraction = 251;
	posting_make(&posting, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	recall_write(&json, &posting);
	assert_non_null(strstr(json.data, ",\"time\":5,\"millis\":250,\"ttl\":300}"));
	assert_recalled(json.data, 5, 251, false);
	posting_free(&posting);
	buffer_clear(&json);
	posting_make_forgotten(
		&posting, text_literal("e"), text_literal("c"), (struct instant){6, 1});
	recall_write(&json, &posting);
	assert_string_equal(json.data, FORGOTTEN_JSON("\"forgotten\":6,\"millis\":0"));
	assert_recalled(json.data, 6, 1, true);
	posting_free(&posting);
	buffer_free(&json);
	/* an earlier release writes none; nor does one with a clock that is ahead matter */
	assert_recalled(EVENT_JSON("\"time\":5"), 5, 0, false);
	assert_recalled(FORGOTTEN_JSON("\"forgotten\":6"), 6, 0, true);
	assert_recalled(EVENT_JSON("\"time\":5,\"millis\":1000"), 5, 0, false);
	assert_recalled(EVENT_JSON("\"time\":5,\"millis\":[]"), 5, 0, false);
	assert_recalled(EVENT_JSON("\"time\":1000001,\"millis\":9"), 1000000, 8, false);
}

static void assert_unreadable(const char *json, const char *expected)
{
	const struct recall recall = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	struct posting posting;
	struct reason why;

	assert_false(recall_event(&recall, (struct blob){json, strlen(json)}, &posting, &why));
	assert_string_equal(why.text, expected);
}

static void what_somebody_else_has_left_may_be_anything(void **state)
{
	(void)state;
	assert_unreadable("{\"forgotten\":5}", "'entity' is missing");
	assert_unreadable("{\"forgotten\":5,\"entity\":\"e\"}", "'check' is missing");
	assert_unreadable("{\"forgotten\":5,\"entity\":\"e\",\"check\":\"\\n\"}",
		"'check' has a control character at byte 1");
	assert_unreadable(
		"{\"forgotten\":-5,\"entity\":\"e\",\"check\":\"c\"}", "'forgotten' is no time");
	assert_unreadable("[5]", "it is no event");
}

static void what_was_judged_goes_when_it_is_in_redis(void **state)
{
	struct backlog *backlog = backlog_new(100, &key);

	(void)state;
	put_judged(backlog, "c", CONDITION_OK, 7);
	put_judged(backlog, "d", CONDITION_OK, 9);
	assert_int_equal(backlog_unjudged(backlog), 0);
	assert_null(backlog_next(backlog));
	put(backlog, "c", CONDITION_OK, 5, "1"); /* not in the place of a judged one */
	assert_int_equal(backlog_count(backlog), 3);
	backlog_done(backlog, &(struct marks){6, 0});
	assert_int_equal(backlog_count(backlog), 3);
	backlog_done(backlog, &(struct marks){8, 0});
	assert_int_equal(backlog_count(backlog), 2);
	backlog_done(backlog, &(struct marks){100, 100}); /* nobody has judged the last one */
	assert_kept(backlog_next(backlog), "1 ");
	assert_int_equal(backlog_count(backlog), 1);
	backlog_judged(backlog, &(struct marks){101, 0});
	assert_null(backlog_next(backlog));
	assert_int_equal(backlog_unjudged_checks(backlog), 0);
	backlog_done(backlog, &(struct marks){101, 0});
	assert_int_equal(backlog_count(backlog), 0);
	backlog_free(backlog);
}

static void what_came_to_nothing_is_judged_again(void **state)
{
	struct backlog *backlog = backlog_new(100, &key);

	(void)state;
	put(backlog, "c", CONDITION_OK, 5, "1");
	put(backlog, "c", CONDITION_CRITICAL, 5, "2");
	backlog_judged(backlog, &(struct marks){1, 0});
	assert_kept(backlog_next(backlog), "2 ");
	backlog_reopen(backlog);
	assert_kept(backlog_next(backlog), "1 2 ");
	assert_int_equal(backlog_unjudged(backlog), 2);
	backlog_done(backlog, &(struct marks){100, 100});
	assert_int_equal(backlog_count(backlog), 2);
	backlog_free(backlog);
}

static void it_is_full_at_its_number(void **state)
{
	struct backlog *backlog = backlog_new(2, &key);

	(void)state;
	assert_true(put(backlog, "c", CONDITION_OK, 5, "1"));
	assert_true(put(backlog, "d", CONDITION_OK, 5, "2"));
	assert_false(put(backlog, "e", CONDITION_OK, 5, "3"));
	assert_false(put(backlog, "d", CONDITION_CRITICAL, 5, "4"));
	assert_true(put(backlog, "d", CONDITION_OK, 5, "5")); /* that needs no room */
	put_judged(backlog, "f", CONDITION_OK, 1);            /* nor is that refused */
	backlog_drop(backlog, 1);
	assert_true(put(backlog, "e", CONDITION_OK, 5, "6"));
	assert_kept(backlog_first(backlog), "5 s 6 ");
	backlog_free(backlog);
}

/* 256 MiB of those not judged, whatever their number. */
static void it_is_full_at_its_bytes(void **state)
{
	struct event event = event_plain("e", "c", CONDITION_ACKNOWLEDGEMENT);
	struct backlog *backlog = backlog_new(SIZE_MAX, &key);
	char *details = malloc(LIMIT_DETAILS + 1);
	struct posting posting;
	size_t count = 0;

	(void)state;
	assert_non_null(details);
	memset(details, 'x', LIMIT_DETAILS);
	details[LIMIT_DETAILS] = '\0';
	event.details = (struct text){details, LIMIT_DETAILS};
	posting_make(&posting, &event, 2, (struct moment){0, 0});
	while (backlog_put(backlog, &posting))
		count++;
	assert_between(count, LIMIT_PENDING_BYTES / (LIMIT_DETAILS + 512),
		LIMIT_PENDING_BYTES / LIMIT_DETAILS);
	backlog_drop(backlog, 1);
	assert_true(backlog_put(backlog, &posting));
	assert_false(backlog_put(backlog, &posting));
	backlog_judged(
		backlog, &(struct marks){1, 0}); /* then it counts as what it was made into */
	assert_true(backlog_put(backlog, &posting));
	backlog_reopen(backlog);
	assert_false(backlog_put(backlog, &posting));
	posting_free(&posting);
	free(details);
	backlog_free(backlog);
}

struct leaver {
	struct backlog *backlog;
	struct keys keys;
	struct leaving leaving;
	struct resp_list list;
	const char *words[LEAVING_WORDS];
};

static struct leaver leaver_begin(void)
{
	struct leaver leaver = {.backlog = backlog_new(10000, &key)};

	keys_init(&leaver.keys, "n", "events", 2);
	return leaver;
}

static void leaver_end(struct leaver *leaver)
{
	leaving_free(&leaver->leaving);
	keys_free(&leaver->keys);
	resp_free(&leaver->list);
	backlog_free(leaver->backlog);
}

static bool question(struct leaver *leaver)
{
	resp_clear(&leaver->list, SIZE_MAX);
	return leaving_question(&leaver->leaving, leaver->backlog, leaver->words, &leaver->list);
}

static bool answer(struct leaver *leaver, int type)
{
	char error[] = "ERR no";
	redisReply reply = {.type = type, .integer = 1, .str = error};
	struct reason why;

	if (leaving_take(&leaver->leaving, leaver->backlog, &reply, &why))
		return true;
	assert_string_equal(why.text, "refuses RPUSH httpbroker:n:handover: ERR no");
	return false;
}

static void a_bit_that_was_not_answered_is_left_as_it_was(void **state)
{
	struct leaver leaver = leaver_begin();
	struct buffer first = {NULL, 0, 0}, again = {NULL, 0, 0};

	(void)state;
	leaving_init(&leaver.leaving, &leaver.keys, "0123456789abcdef");
	assert_false(question(&leaver));
	put(leaver.backlog, "c", CONDITION_OK, 5, "1");
	put(leaver.backlog, "d", CONDITION_OK, 5, "2");
	assert_false(leaving_is_open(&leaver.leaving));
	assert_true(question(&leaver));
	assert_true(leaving_is_open(&leaver.leaving));
	assert_string_equal(leaver.words[0], "EVAL");
	assert_string_equal(leaver.words[3], "httpbroker:n:handover");
	assert_string_equal(leaver.words[4], "httpbroker:n:handover:0123456789abcdef");
	assert_string_equal(leaver.words[5], "1");
	assert_null(leaver.words[6]);
	resp_lines(&leaver.list, &first);
	/* no answer; more has come, and something that would take the place of what may be left */
	put(leaver.backlog, "d", CONDITION_OK, 6, "3");
	put(leaver.backlog, "f", CONDITION_OK, 5, "4");
	assert_true(question(&leaver));
	assert_string_equal(leaver.words[5], "1");
	assert_string_equal(resp_lines(&leaver.list, &again), first.data);
	assert_false(answer(&leaver, REDIS_REPLY_ERROR));
	assert_true(answer(&leaver, REDIS_REPLY_INTEGER));
	assert_false(leaving_is_open(&leaver.leaving));
	assert_kept(backlog_first(leaver.backlog), "3 4 ");
	assert_true(question(&leaver));
	assert_string_equal(leaver.words[5], "2");
	assert_int_equal(leaver.list.count, 2);
	buffer_free(&first);
	buffer_free(&again);
	leaver_end(&leaver);
}

static void a_bit_is_bounded(void **state)
{
	struct leaver leaver = leaver_begin();
	char name[16];

	(void)state;
	leaving_init(&leaver.leaving, &leaver.keys, "0123456789abcdef");
	for (int i = 0; i < 1100; i++) {
		snprintf(name, sizeof name, "%d", i);
		put(leaver.backlog, name, CONDITION_OK, 5, "s");
	}
	for (size_t left = 1100; left > 0; left -= leaver.list.count) {
		assert_true(question(&leaver));
		assert_int_equal(leaver.list.count, left > 500 ? 500 : left);
		assert_true(answer(&leaver, REDIS_REPLY_INTEGER));
	}
	assert_false(question(&leaver));
	leaver_end(&leaver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_says_the_same_takes_the_place_of_the_one_before),
		cmocka_unit_test(what_is_to_be_forgotten_is_kept_in_its_turn),
		cmocka_unit_test(the_former_names_of_a_check_are_kept),
		cmocka_unit_test(milliseconds_are_kept_where_they_are_known),
		cmocka_unit_test(what_somebody_else_has_left_may_be_anything),
		cmocka_unit_test(what_was_judged_goes_when_it_is_in_redis),
		cmocka_unit_test(what_came_to_nothing_is_judged_again),
		cmocka_unit_test(it_is_full_at_its_number),
		cmocka_unit_test(it_is_full_at_its_bytes),
		cmocka_unit_test(a_bit_that_was_not_answered_is_left_as_it_was),
		cmocka_unit_test(a_bit_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
