/* SPDX-License-Identifier: MIT */
/* Accepted events (202): kept in order until Redis has them, handed over to another broker in
 * chunks. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/handover.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"
#include "t/unit/broker-parts.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

static const struct siphash_key key = {1, 2};

static struct prepared prepared_of(
	const char *check, enum state state, int64_t time, const char *summary)
{
	struct event event = event_plain("e", check, state);
	struct prepared prepared;

	event.time = time;
	event.summary = (struct text){summary, strlen(summary)};
	prepared_make(&prepared, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	return prepared;
}

static bool put(struct accepted *accepted, const char *check, enum state state, int64_t time,
	const char *summary)
{
	struct prepared prepared = prepared_of(check, state, time, summary);
	bool put = accepted_put(accepted, &prepared);

	prepared_free(&prepared);
	return put;
}

static void put_applied(
	struct accepted *accepted, const char *check, enum state state, uint64_t pushes)
{
	struct prepared prepared = prepared_of(check, state, 1, "s");

	accepted_put_applied(accepted, &prepared, &(struct watermarks){pushes, 0});
	prepared_free(&prepared);
}

/* The summaries kept from this entry on, each followed by a space. */
static void assert_kept(const struct entry *kept, const char *expected)
{
	const struct decode_context decode_context = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	struct buffer text = {NULL, 0, 0};

	for (; kept != NULL; kept = kept->next) {
		const char *summary =
			strstr(kept->json, "\"summary\":\"") + strlen("\"summary\":\"");
		struct prepared prepared;
		struct reason why;

		buffer_printf(&text, "%.*s ", (int)strcspn(summary, "\""), summary);
		assert_true(decode_event(
			&decode_context, (struct blob){kept->json, kept->length}, &prepared, &why));
		prepared_free(&prepared);
	}
	assert_string_equal(text.length > 0 ? text.data : "", expected);
	buffer_free(&text);
}

static void an_event_with_the_same_text_replaces_the_previous_one(void **state)
{
	struct accepted *accepted = accepted_new(100, &key);

	(void)state;
	put(accepted, "c", STATE_OK, 5, "1");
	put(accepted, "d", STATE_OK, 5, "2");
	put(accepted, "c", STATE_OK, 5, "3");
	put(accepted, "c", STATE_CRITICAL, 5, "4");
	put(accepted, "c", STATE_OK, 6, "5");
	put(accepted, "c", STATE_OK, 5, "6"); /* older: it may lose, but that is not known yet */
	put(accepted, "c", STATE_ACKNOWLEDGEMENT, 6, "7");
	put(accepted, "c", STATE_ACKNOWLEDGEMENT, 6, "8");
	assert_kept(accepted_first(accepted), "3 2 4 5 6 7 8 ");
	assert_int_equal(accepted_count(accepted), 7);
	assert_int_equal(accepted_unapplied(accepted), 7);
	assert_int_equal(accepted_unapplied_checks(accepted), 2);
	accepted_free(accepted);
}

static void forget(struct accepted *accepted, const char *check, int64_t time)
{
	struct prepared prepared;

	prepared_make_forgotten(&prepared, text_literal("\xc3\xa4\""),
		(struct text){check, strlen(check)}, (struct instant){time, 0});
	accepted_put_applied(accepted, &prepared, &(struct watermarks){0, 1});
	prepared_free(&prepared);
}

/* Encodes it as JSON and decodes it. */
static void assert_forgotten(const struct entry *kept, const char *json, int64_t time)
{
	const struct decode_context decode_context = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	struct prepared prepared;
	struct reason why;

	assert_int_equal(kept->length, strlen(json));
	assert_memory_equal(kept->json, json, kept->length);
	assert_true(decode_event(
		&decode_context, (struct blob){kept->json, kept->length}, &prepared, &why));
	assert_true(prepared.forgotten);
	assert_int_equal(prepared.time, time);
	assert_int_equal(prepared.names.entity_length, 3);
	assert_memory_equal(prepared.names.bytes, "\xc3\xa4\":c", 5);
	assert_int_equal(prepared.names.length, 5);
	prepared_free(&prepared);
}

static void starts_and_ends_of_runs_replace_no_other_event(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct accepted *accepted = accepted_new(100, &key);
	const struct moment now = {1000000 * NSEC_PER_SEC, 0};
	struct prepared start, end;

	(void)state;
	event.time = 5;
	prepared_make_start(&start, &event, (struct run){60, 0, 0}, 2, now);
	prepared_make(&end, &event, 2, now);
	accepted_put(accepted, &end);
	accepted_put(accepted, &start);
	accepted_put(accepted, &start); /* the same again */
	accepted_put(accepted, &end);
	end.run.id = 7;
	accepted_put(accepted, &end);
	assert_int_equal(accepted_count(accepted), 4);
	prepared_free(&start);
	prepared_free(&end);
	accepted_free(accepted);
}

static void deletions_are_kept_in_order_with_events(void **state)
{
	struct event event = event_plain("\xc3\xa4\"", "c", STATE_OK);
	struct accepted *accepted = accepted_new(100, &key);
	struct prepared prepared;

	(void)state;
	event.time = 5;
	prepared_make(&prepared, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	accepted_put_applied(accepted, &prepared, &(struct watermarks){1, 1});
	forget(accepted, "c", 5);
	accepted_put_applied(
		accepted, &prepared, &(struct watermarks){2, 2}); /* not applied earlier */
	forget(accepted, "c", 5);
	forget(accepted, "c", 6);
	assert_int_equal(accepted_count(accepted), 4);
	const struct entry *second = accepted_first(accepted)->next;
	assert_forgotten(
		second, "{\"entity\":\"\xc3\xa4\\\"\",\"check\":\"c\",\"forgotten\":5}", 5);
	assert_false(second->next->forgotten);
	assert_forgotten(second->next->next,
		"{\"entity\":\"\xc3\xa4\\\"\",\"check\":\"c\",\"forgotten\":6}", 6);
	prepared_free(&prepared);
	accepted_free(accepted);
}

/* Needed by the receiving broker to set the former name ok. */
static void the_former_names_of_a_check_are_kept(void **state)
{
	const struct decode_context decode_context = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	struct event event = event_plain("e", "c{x}", STATE_CRITICAL);
	struct prepared prepared, read;
	struct buffer json = {NULL, 0, 0};
	struct reason why;

	(void)state;
	event.former_entity = text_literal("\xc3\xa4\"");
	event.former_check = text_literal("c");
	prepared_make(&prepared, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	encode_stored(&json, &prepared);
	assert_non_null(
		strstr(json.data, ",\"formerly\":{\"entity\":\"\xc3\xa4\\\"\",\"check\":\"c\"}}"));
	assert_true(
		decode_event(&decode_context, (struct blob){json.data, json.length}, &read, &why));
	assert_non_null(read.former);
	assert_int_equal(read.former->names.length, 5);
	assert_memory_equal(read.former->names.bytes, "\xc3\xa4\":c", 5);
	assert_string_equal(read.event.bytes, prepared.event.bytes);
	assert_string_equal(read.former->event.bytes, prepared.former->event.bytes);
	prepared_free(&read);
	prepared_free(&prepared);
	buffer_free(&json);
}

static void assert_recalled(const char *json, int64_t time, int fraction, bool forgotten)
{
	const struct decode_context decode_context = {
		2, 0, {1000000 * NSEC_PER_SEC + 7 * NSEC_PER_MSEC, 0}};
	struct prepared prepared;
	struct reason why;

	assert_true(
		decode_event(&decode_context, (struct blob){json, strlen(json)}, &prepared, &why));
	assert_int_equal(prepared.time, time);
	assert_int_equal(prepared.fraction, fraction);
	assert_int_equal(prepared.forgotten, forgotten);
	prepared_free(&prepared);
}

#define EVENT_JSON(more) "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"," more "}"
#define FORGOTTEN_JSON(more) "{\"entity\":\"e\",\"check\":\"c\"," more "}"

static void milliseconds_are_kept_if_known(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct buffer json = {NULL, 0, 0};
	struct prepared prepared;

	(void)state;
	event.time = 5;
	event.fraction = 251;
	prepared_make(&prepared, &event, 2, (struct moment){1000000 * NSEC_PER_SEC, 0});
	encode_stored(&json, &prepared);
	assert_non_null(strstr(json.data, ",\"time\":5,\"millis\":250,\"ttl\":300}"));
	assert_recalled(json.data, 5, 251, false);
	prepared_free(&prepared);
	buffer_clear(&json);
	prepared_make_forgotten(
		&prepared, text_literal("e"), text_literal("c"), (struct instant){6, 1});
	encode_stored(&json, &prepared);
	assert_string_equal(json.data, FORGOTTEN_JSON("\"forgotten\":6,\"millis\":0"));
	assert_recalled(json.data, 6, 1, true);
	prepared_free(&prepared);
	buffer_free(&json);
	/* an earlier release writes none; a clock that is ahead does not matter */
	assert_recalled(EVENT_JSON("\"time\":5"), 5, 0, false);
	assert_recalled(FORGOTTEN_JSON("\"forgotten\":6"), 6, 0, true);
	assert_recalled(EVENT_JSON("\"time\":5,\"millis\":1000"), 5, 0, false);
	assert_recalled(EVENT_JSON("\"time\":5,\"millis\":[]"), 5, 0, false);
	assert_recalled(EVENT_JSON("\"time\":1000001,\"millis\":9"), 1000000, 8, false);
}

static void assert_unreadable(const char *json, const char *expected)
{
	const struct decode_context decode_context = {2, 0, {1000000 * NSEC_PER_SEC, 0}};
	struct prepared prepared;
	struct reason why;

	assert_false(
		decode_event(&decode_context, (struct blob){json, strlen(json)}, &prepared, &why));
	assert_string_equal(why.text, expected);
}

static void an_invalid_handed_over_item_is_refused(void **state)
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

static void applied_items_are_removed_once_redis_has_them(void **state)
{
	struct accepted *accepted = accepted_new(100, &key);

	(void)state;
	put_applied(accepted, "c", STATE_OK, 7);
	put_applied(accepted, "d", STATE_OK, 9);
	assert_int_equal(accepted_unapplied(accepted), 0);
	assert_null(accepted_next(accepted));
	put(accepted, "c", STATE_OK, 5, "1"); /* does not replace an applied one */
	assert_int_equal(accepted_count(accepted), 3);
	accepted_committed(accepted, &(struct watermarks){6, 0});
	assert_int_equal(accepted_count(accepted), 3);
	accepted_committed(accepted, &(struct watermarks){8, 0});
	assert_int_equal(accepted_count(accepted), 2);
	accepted_committed(
		accepted, &(struct watermarks){100, 100}); /* the last one is not applied */
	assert_kept(accepted_next(accepted), "1 ");
	assert_int_equal(accepted_count(accepted), 1);
	accepted_mark_applied(accepted, &(struct watermarks){101, 0});
	assert_null(accepted_next(accepted));
	assert_int_equal(accepted_unapplied_checks(accepted), 0);
	accepted_committed(accepted, &(struct watermarks){101, 0});
	assert_int_equal(accepted_count(accepted), 0);
	accepted_free(accepted);
}

/* Redis has lost what it had: what no replica has confirmed is applied again. */
static void what_redis_has_lost_is_applied_again(void **state)
{
	struct accepted *accepted = accepted_new(5, &key);
	struct prepared newer = prepared_of("c", STATE_OK, 5, "newer");

	(void)state;
	put_applied(accepted, "c", STATE_OK, 1);
	put_applied(accepted, "d", STATE_OK, 2);
	put_applied(accepted, "e", STATE_OK, 3);
	accepted_put_applied(accepted, &newer, &(struct watermarks){9, 9});
	accepted_repeat(accepted, &(struct watermarks){2, 0}); /* the third is in the outbox */
	assert_int_equal(accepted_unapplied(accepted), 2);
	assert_kept(accepted_next(accepted), "newer s s "); /* its state was in Redis */
	assert_true(accepted_next(accepted)->again);
	/* an event that comes now must change its check: it replaces none of those */
	assert_true(accepted_put(accepted, &newer));
	accepted_mark_applied(accepted, &(struct watermarks){4, 4});
	assert_true(accepted_next(accepted)->again);
	accepted_mark_applied(accepted, &(struct watermarks){4, 4});
	assert_false(accepted_next(accepted)->again);
	accepted_mark_applied(accepted, &(struct watermarks){5, 5});
	assert_null(accepted_next(accepted));
	assert_int_equal(accepted_unapplied(accepted), 0);
	assert_false(accepted_is_full(accepted, 0));
	accepted_committed(accepted, &(struct watermarks){5, 5});
	assert_int_equal(accepted_count(accepted), 0);
	prepared_free(&newer);
	accepted_free(accepted);
}

static void unapplied_items_are_returned_again(void **state)
{
	struct accepted *accepted = accepted_new(100, &key);

	(void)state;
	put(accepted, "c", STATE_OK, 5, "1");
	put(accepted, "c", STATE_CRITICAL, 5, "2");
	accepted_mark_applied(accepted, &(struct watermarks){1, 0});
	assert_kept(accepted_next(accepted), "2 ");
	accepted_reopen(accepted);
	assert_kept(accepted_next(accepted), "1 2 ");
	assert_int_equal(accepted_unapplied(accepted), 2);
	accepted_committed(accepted, &(struct watermarks){100, 100});
	assert_int_equal(accepted_count(accepted), 2);
	accepted_free(accepted);
}

static void the_number_of_items_is_bounded(void **state)
{
	struct accepted *accepted = accepted_new(2, &key);

	(void)state;
	assert_true(put(accepted, "c", STATE_OK, 5, "1"));
	assert_true(put(accepted, "d", STATE_OK, 5, "2"));
	assert_false(put(accepted, "e", STATE_OK, 5, "3"));
	assert_false(put(accepted, "d", STATE_CRITICAL, 5, "4"));
	assert_true(put(accepted, "d", STATE_OK, 5, "5")); /* needs no space */
	put_applied(accepted, "f", STATE_OK, 1);           /* not refused either */
	accepted_drop(accepted, 1);
	assert_true(put(accepted, "e", STATE_OK, 5, "6"));
	assert_kept(accepted_first(accepted), "5 s 6 ");
	accepted_free(accepted);
}

/* 256 MiB of unapplied items, whatever their number. */
static void the_bytes_of_items_are_bounded(void **state)
{
	struct event event = event_plain("e", "c", STATE_ACKNOWLEDGEMENT);
	struct accepted *accepted = accepted_new(SIZE_MAX, &key);
	char *details = malloc(LIMIT_DETAILS + 1);
	struct prepared prepared;
	size_t count = 0;

	(void)state;
	assert_non_null(details);
	memset(details, 'x', LIMIT_DETAILS);
	details[LIMIT_DETAILS] = '\0';
	event.details = (struct text){details, LIMIT_DETAILS};
	prepared_make(&prepared, &event, 2, (struct moment){0, 0});
	while (accepted_put(accepted, &prepared))
		count++;
	assert_between(count, LIMIT_PENDING_BYTES / (LIMIT_DETAILS + 512),
		LIMIT_PENDING_BYTES / LIMIT_DETAILS);
	accepted_drop(accepted, 1);
	assert_true(accepted_put(accepted, &prepared));
	assert_false(accepted_put(accepted, &prepared));
	accepted_mark_applied(
		accepted, &(struct watermarks){1, 0}); /* from then on its encoded size counts */
	assert_true(accepted_put(accepted, &prepared));
	accepted_reopen(accepted);
	assert_false(accepted_put(accepted, &prepared));
	prepared_free(&prepared);
	free(details);
	accepted_free(accepted);
}

struct fixture {
	struct accepted *accepted;
	struct keys keys;
	struct handover_sender handover_sender;
	struct resp_list list;
	const char *words[HANDOVER_SEND_WORDS];
};

static struct fixture sending_begin(void)
{
	struct fixture fixture = {.accepted = accepted_new(10000, &key)};

	keys_init(&fixture.keys, "httpbroker", "n", "events", 2);
	return fixture;
}

static void sending_end(struct fixture *fixture)
{
	handover_send_free(&fixture->handover_sender);
	keys_free(&fixture->keys);
	resp_free(&fixture->list);
	accepted_free(fixture->accepted);
}

static bool send_next(struct fixture *fixture)
{
	resp_clear(&fixture->list, SIZE_MAX);
	return handover_send_command(
		&fixture->handover_sender, fixture->accepted, fixture->words, &fixture->list);
}

static bool receive_reply(struct fixture *fixture, int type)
{
	char error[] = "ERR no";
	redisReply reply = {.type = type, .integer = 1, .str = error};
	struct reason why;

	if (handover_send_read(&fixture->handover_sender, fixture->accepted, &reply, &why))
		return true;
	assert_string_equal(why.text, "refuses RPUSH httpbroker:n:handover: ERR no");
	return false;
}

static void an_unanswered_chunk_is_sent_again_unchanged(void **state)
{
	struct fixture fixture = sending_begin();
	struct buffer first = {NULL, 0, 0}, again = {NULL, 0, 0};

	(void)state;
	handover_send_init(&fixture.handover_sender, &fixture.keys, "0123456789abcdef");
	assert_false(send_next(&fixture));
	put(fixture.accepted, "c", STATE_OK, 5, "1");
	put(fixture.accepted, "d", STATE_OK, 5, "2");
	assert_false(handover_send_is_open(&fixture.handover_sender));
	assert_true(send_next(&fixture));
	assert_true(handover_send_is_open(&fixture.handover_sender));
	assert_string_equal(fixture.words[0], "EVAL");
	assert_string_equal(fixture.words[3], "httpbroker:n:handover");
	assert_string_equal(fixture.words[4], "httpbroker:n:handover:0123456789abcdef");
	assert_string_equal(fixture.words[5], "1");
	assert_null(fixture.words[6]);
	resp_lines(&fixture.list, &first);
	/* no reply; more events arrive, one of which would replace an item possibly sent */
	put(fixture.accepted, "d", STATE_OK, 6, "3");
	put(fixture.accepted, "f", STATE_OK, 5, "4");
	assert_true(send_next(&fixture));
	assert_string_equal(fixture.words[5], "1");
	assert_string_equal(resp_lines(&fixture.list, &again), first.data);
	assert_false(receive_reply(&fixture, REDIS_REPLY_ERROR));
	assert_true(receive_reply(&fixture, REDIS_REPLY_INTEGER));
	assert_false(handover_send_is_open(&fixture.handover_sender));
	assert_kept(accepted_first(fixture.accepted), "3 4 ");
	assert_true(send_next(&fixture));
	assert_string_equal(fixture.words[5], "2");
	assert_int_equal(fixture.list.count, 2);
	buffer_free(&first);
	buffer_free(&again);
	sending_end(&fixture);
}

static void a_chunk_is_bounded(void **state)
{
	struct fixture fixture = sending_begin();
	char name[16];

	(void)state;
	handover_send_init(&fixture.handover_sender, &fixture.keys, "0123456789abcdef");
	for (int i = 0; i < 1100; i++) {
		snprintf(name, sizeof name, "%d", i);
		put(fixture.accepted, name, STATE_OK, 5, "s");
	}
	for (size_t left = 1100; left > 0; left -= fixture.list.count) {
		assert_true(send_next(&fixture));
		assert_int_equal(fixture.list.count, left > 500 ? 500 : left);
		assert_true(receive_reply(&fixture, REDIS_REPLY_INTEGER));
	}
	assert_false(send_next(&fixture));
	sending_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_with_the_same_text_replaces_the_previous_one),
		cmocka_unit_test(starts_and_ends_of_runs_replace_no_other_event),
		cmocka_unit_test(deletions_are_kept_in_order_with_events),
		cmocka_unit_test(the_former_names_of_a_check_are_kept),
		cmocka_unit_test(milliseconds_are_kept_if_known),
		cmocka_unit_test(an_invalid_handed_over_item_is_refused),
		cmocka_unit_test(applied_items_are_removed_once_redis_has_them),
		cmocka_unit_test(what_redis_has_lost_is_applied_again),
		cmocka_unit_test(unapplied_items_are_returned_again),
		cmocka_unit_test(the_number_of_items_is_bounded),
		cmocka_unit_test(the_bytes_of_items_are_bounded),
		cmocka_unit_test(an_unanswered_chunk_is_sent_again_unchanged),
		cmocka_unit_test(a_chunk_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
