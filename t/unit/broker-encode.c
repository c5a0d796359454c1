/* SPDX-License-Identifier: MIT */
/* Encoding of events for Flapjack's queue. */
#include "t/unit/unit.h"

#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/flapjack.h"
#include "httpbroker/limits.h"
#include "t/unit/broker-parts.h"

#define WITH_LENGTH(literal) literal, sizeof(literal) - 1

static void strings_are_escaped(void **state)
{
	static const char all[] = "\b\t\n\f\r\v\x01\x1f\x7f\"\\/ \xc3\xa9";
	struct buffer out = {NULL, 0, 0};

	(void)state;
	jsontext_string(&out, "", 0);
	jsontext_string(&out, WITH_LENGTH("plain"));
	jsontext_string(&out, WITH_LENGTH("\n"));
	jsontext_string(&out, WITH_LENGTH("a\0b"));
	jsontext_string(&out, WITH_LENGTH(all));
	assert_string_equal(out.data,
		"\"\"\"plain\"\"\\n\"\"a\\u0000b\""
		"\"\\b\\t\\n\\f\\r\\u000b\\u0001\\u001f\x7f\\\"\\\\/ \xc3\xa9\"");
	buffer_free(&out);
}

static void every_byte_survives_a_json_reader(void **state)
{
	char bytes[127];
	struct buffer out = {NULL, 0, 0};

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i + 1);
	jsontext_string(&out, bytes, sizeof bytes);
	json_t *read = json_loadb(out.data, out.length, JSON_DECODE_ANY, NULL);
	assert_non_null(read);
	assert_int_equal(json_string_length(read), sizeof bytes);
	assert_memory_equal(json_string_value(read), bytes, sizeof bytes);
	json_decref(read);
	buffer_free(&out);
}

static void numbers_are_written_in_full(void **state)
{
	struct buffer out = {NULL, 0, 0};

	(void)state;
	jsontext_number(&out, 0);
	buffer_append_text(&out, " ");
	jsontext_number(&out, 1429505587);
	buffer_append_text(&out, " ");
	jsontext_number(&out, -10);
	buffer_append_text(&out, " ");
	jsontext_number(&out, INT64_MAX);
	buffer_append_text(&out, " ");
	jsontext_number(&out, INT64_MIN);
	assert_string_equal(out.data, "0 1429505587 -10 9223372036854775807 -9223372036854775808");
	for (int64_t number = -1100; number <= 1100; number++) {
		char expected[JSONTEXT_NUMBER];

		buffer_clear(&out);
		jsontext_number(&out, number);
		snprintf(expected, sizeof expected, "%d", (int)number);
		assert_string_equal(out.data, expected);
	}
	buffer_free(&out);
}

/* An event with every field that a client can give. */
static struct event event_full(const json_t *tags)
{
	struct event event = event_plain("db-01", "load \"1\"", STATE_CRITICAL);

	event.summary = (struct text){WITH_LENGTH("too\nmuch")};
	event.details = (struct text){WITH_LENGTH("d")};
	event.perfdata = (struct text){WITH_LENGTH("a=1")};
	event.acknowledgement_id = (struct text){WITH_LENGTH("7f")};
	event.tags = tags;
	event.duration = 1;
	event.initial_failure_delay = 0;
	event.repeat_failure_delay = 3;
	event.initial_recovery_delay = 4;
	return event;
}

static void assert_encoded(const struct event *event, int flapjack, const char *expected)
{
	struct buffer out = {NULL, 0, 0};

	buffer_append_text(&out, "what was there before");
	size_t start = out.length;
	struct encoded encoded = encoded_make(event, flapjack, &out);
	assert_string_equal(out.data + start, expected);
	assert_ptr_equal(encoded.bytes, strstr(out.data, ",\"state\":"));
	assert_ptr_equal(encoded.bytes + encoded.length, out.data + out.length);
	buffer_free(&out);
}

static void each_version_gets_only_its_own_keys(void **state)
{
	json_t *tags = json_pack("[ss]", "x", "\"y\"");
	struct event event = event_full(tags);

	(void)state;
	assert_encoded(&event, 1,
		"{\"entity\":\"db-01\",\"check\":\"load \\\"1\\\"\",\"type\":\"service\","
		"\"state\":\"critical\",\"summary\":\"too\\nmuch\",\"details\":\"d\","
		"\"perfdata\":\"a=1\",\"acknowledgement_id\":\"7f\",\"duration\":1,"
		"\"tags\":[\"x\",\"\\\"y\\\"\"],\"initial_failure_delay\":0,"
		"\"repeat_failure_delay\":3");
	assert_encoded(&event, 2,
		"{\"entity\":\"db-01\",\"check\":\"load \\\"1\\\"\",\"type\":\"service\","
		"\"state\":\"critical\",\"summary\":\"too\\nmuch\",\"details\":\"d\","
		"\"acknowledgement_id\":\"7f\",\"duration\":1,"
		"\"tags\":[\"x\",\"\\\"y\\\"\"],\"initial_failure_delay\":0,"
		"\"repeat_failure_delay\":3,\"initial_recovery_delay\":4");
	json_decref(tags);
}

/* For each format, and for records of an older broker. */
static void control_characters_are_removed(void **state)
{
	json_t *tags = json_pack("[ss]", "x\x1b[1my\x07", "\xef\xbf\xbf");
	struct event event = event_full(tags);

	(void)state;
	event.summary = (struct text){WITH_LENGTH("\x1b[31mERROR\x1b[0m:\r\na\xc2\x9b"
						  "b\xef\xbf\xbe")};
	event.details = (struct text){WITH_LENGTH("\x1b")};
	event.perfdata = (struct text){WITH_LENGTH("a=1\nb=2\x7f")};
	event.acknowledgement_id = (struct text){WITH_LENGTH("7\x01"
							     "f")};
	assert_encoded(&event, 1,
		"{\"entity\":\"db-01\",\"check\":\"load \\\"1\\\"\",\"type\":\"service\","
		"\"state\":\"critical\",\"summary\":\"ERROR:\\na\xef\xbf\xbd\",\"details\":\"\","
		"\"perfdata\":\"a=1 b=2\",\"acknowledgement_id\":\"7f\",\"duration\":1,"
		"\"tags\":[\"xy\",\"\xef\xbf\xbd\"],\"initial_failure_delay\":0,"
		"\"repeat_failure_delay\":3");
	json_decref(tags);
}

static void missing_fields_are_omitted(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);

	(void)state;
	assert_encoded(&event, 1,
		"{\"entity\":\"e\",\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"\"");
	event.state = STATE_ACKNOWLEDGEMENT;
	assert_encoded(&event, 1,
		"{\"entity\":\"e\",\"check\":\"c\",\"type\":\"action\",\"state\":\"ok\","
		"\"summary\":\"\"");
	event.state = STATE_TEST_NOTIFICATIONS;
	assert_encoded(&event, 2,
		"{\"entity\":\"e\",\"check\":\"c\",\"type\":\"action\",\"state\":\"ok\","
		"\"summary\":\"\"");
}

static void tags_become_an_array_of_strings(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	json_t *one = json_string("apps"), *none = json_array();

	(void)state;
	event.tags = one;
	assert_encoded(&event, 2,
		"{\"entity\":\"e\",\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"\",\"tags\":[\"apps\"]");
	event.tags = none;
	assert_encoded(&event, 2,
		"{\"entity\":\"e\",\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"\",\"tags\":[]");
	json_decref(one);
	json_decref(none);
}

/* A long summary with this character at `at` is cut before it and ends in `…`. */
static void assert_cut(const char *character, size_t at)
{
	static char bytes[LIMIT_DETAILS + 16];
	struct event event = event_plain("e", "c", STATE_OK);
	struct buffer out = {NULL, 0, 0}, expected = {NULL, 0, 0};

	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes + at, character, strlen(character));
	event.summary = (struct text){bytes, LIMIT_SUMMARY + 8};
	encoded_make(&event, 2, &out);
	bytes[at] = '\0';
	buffer_printf(&expected, "%s%s\xe2\x80\xa6\"", ",\"summary\":\"", bytes);
	assert_non_null(strstr(out.data, expected.data));
	buffer_free(&out);
	buffer_free(&expected);
}

static void long_texts_are_cut_between_characters(void **state)
{
	(void)state;
	assert_cut("y", LIMIT_SUMMARY);
	assert_cut("\xc3\xa9", LIMIT_SUMMARY - 1);
	assert_cut("\xe2\x82\xac", LIMIT_SUMMARY - 1);
	assert_cut("\xe2\x82\xac", LIMIT_SUMMARY - 2);
	assert_cut("\xf0\x9f\x94\x94", LIMIT_SUMMARY - 3);
}

static size_t length_sent(size_t summary, size_t details)
{
	static char bytes[LIMIT_DETAILS + 2];
	struct event event = event_plain("e", "c", STATE_OK);
	struct buffer out = {NULL, 0, 0};

	memset(bytes, 'x', sizeof bytes);
	event.summary = (struct text){bytes, summary};
	event.details = (struct text){bytes, details};
	encoded_make(&event, 2, &out);
	size_t length = out.length;
	buffer_free(&out);
	return length;
}

static void only_long_texts_are_cut(void **state)
{
	size_t none = length_sent(0, 0), max = LIMIT_SUMMARY + LIMIT_DETAILS;

	(void)state;
	assert_int_equal(length_sent(LIMIT_SUMMARY, LIMIT_DETAILS), none + max);
	assert_int_equal(length_sent(LIMIT_SUMMARY + 1, LIMIT_DETAILS), none + max + 3);
	assert_int_equal(length_sent(LIMIT_SUMMARY, LIMIT_DETAILS + 1), none + max + 3);
}

static void an_event_ends_with_its_time(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct buffer out = {NULL, 0, 0}, lines = {NULL, 0, 0};
	struct resp_list queue = {{NULL, 0, 0}, 0};

	(void)state;
	encoded_make(&event, 2, &out);
	flapjack_event(&queue, (struct text){out.data, out.length}, 1429505587);
	flapjack_event(&queue, (struct text){out.data, out.length}, 0);
	assert_string_equal(resp_lines(&queue, &lines),
		"{\"entity\":\"e\",\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"\",\"time\":1429505587}\n"
		"{\"entity\":\"e\",\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"\",\"time\":0}\n");
	resp_free(&queue);
	buffer_free(&out);
	buffer_free(&lines);
}

/* The table keeps no head: it is made of the names, and has to be what the event had. */
static void assert_head(const char *entity, const char *check)
{
	struct event event = event_plain(entity, check, STATE_OK);
	struct prepared prepared;
	char head[ENCODED_HEAD_MAX];

	prepared_make(&prepared, &event, 2, (struct moment){0, 0});
	size_t length = encoded_head(&prepared.names, head);
	assert_true(length <= sizeof head);
	assert_ptr_equal(prepared.event.bytes + length, prepared.encoded.bytes);
	assert_memory_equal(prepared.event.bytes, head, length);
	assert_int_equal(prepared.event.length, length + prepared.encoded.length);
	prepared_free(&prepared);
}

static void the_names_give_the_head_of_an_event(void **state)
{
	char longest[LIMIT_NAME + 1];

	(void)state;
	assert_head("e", "c");
	assert_head("a:b", "c:d:");
	assert_head("\\", "C:\\ \"free\" \\");
	assert_head("caf\xc3\xa9", "\xe2\x82\xac \xf0\x9f\x94\x94 /");
	memset(longest, '\\', LIMIT_NAME);
	longest[LIMIT_NAME] = '\0';
	assert_head(longest, longest);
}

static void a_check_is_repeated_as_it_came(void **state)
{
	const struct moment now = {1000 * NSEC_PER_SEC, 50 * NSEC_PER_SEC};
	json_t *tags = json_pack("[s]", "x");
	struct event event = event_full(tags);
	struct buffer lines = {NULL, 0, 0};
	struct resp_list queue = {{NULL, 0, 0}, 0};
	struct single single = single_make(&event, now);

	(void)state;
	flapjack_check(&queue, single.check, 1429505587);
	assert_string_equal(resp_lines(&queue, &lines),
		"{\"entity\":\"db-01\",\"check\":\"load \\\"1\\\"\",\"type\":\"service\","
		"\"state\":\"critical\",\"summary\":\"too\\nmuch\",\"details\":\"d\","
		"\"acknowledgement_id\":\"7f\",\"duration\":1,\"tags\":[\"x\"],"
		"\"initial_failure_delay\":0,\"repeat_failure_delay\":3,"
		"\"initial_recovery_delay\":4,\"time\":1429505587}\n");
	checks_free(single.checks);
	resp_free(&queue);
	buffer_free(&lines);
	json_decref(tags);
}

static void a_stale_check_keeps_its_lasting_fields(void **state)
{
	const struct moment begin = {1000 * NSEC_PER_SEC, 50 * NSEC_PER_SEC};
	const struct moment later = {5000 * NSEC_PER_SEC, 87 * NSEC_PER_SEC + NSEC_PER_SEC / 2};
	json_t *tags = json_pack("[s]", "x");
	struct event event = event_full(tags);
	struct buffer lines = {NULL, 0, 0};
	struct resp_list queue = {{NULL, 0, 0}, 0};

	(void)state;
	event.time = 995;
	event.ttl = 30; /* it goes stale 25 s after `begin`, at 75 s */
	struct single single = single_make(&event, begin);
	flapjack_stale(&queue, single.check, STATE_UNKNOWN, later);
	assert_string_equal(resp_lines(&queue, &lines),
		"{\"entity\":\"db-01\",\"check\":\"load \\\"1\\\"\",\"type\":\"service\","
		"\"state\":\"UNKNOWN\",\"summary\":\"httpbroker: Cached state is stale "
		"(42s old, should be < 30s)\",\"tags\":[\"x\"],\"initial_failure_delay\":0,"
		"\"repeat_failure_delay\":3,\"initial_recovery_delay\":4,\"time\":5000}\n");
	flapjack_stale(&queue, single.check, STATE_CRITICAL, later);
	assert_non_null(strstr(resp_lines(&queue, &lines),
		"}\n{\"entity\":\"db-01\",\"check\":\"load \\\"1\\\"\",\"type\":\"service\","
		"\"state\":\"CRITICAL\",\"summary\":\"httpbroker: Cached state is stale "));
	checks_free(single.checks);
	resp_free(&queue);
	buffer_free(&lines);
	json_decref(tags);
}

static void deadlines_are_fixed_on_the_monotonic_clock(void **state)
{
	const struct moment now = {1000 * NSEC_PER_SEC + 7, 50 * NSEC_PER_SEC};
	struct event event = event_plain("e", "c", STATE_OK);
	struct prepared prepared;

	(void)state;
	event.time = 999;
	event.ttl = 30;
	prepared_make(&prepared, &event, 2, now);
	assert_int_equal(prepared.deadline, 79 * NSEC_PER_SEC - 7);
	assert_int_equal(prepared.names.length, 3);
	assert_int_equal(prepared.names.entity_length, 1);
	assert_memory_equal(prepared.names.bytes, "e:c", 3);
	prepared_free(&prepared);
	event.ttl = EVENT_TTL_NEVER;
	prepared_make(&prepared, &event, 2, now);
	assert_int_equal(prepared.deadline, NSEC_NEVER);
	prepared_free(&prepared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(every_byte_survives_a_json_reader),
		cmocka_unit_test(numbers_are_written_in_full),
		cmocka_unit_test(each_version_gets_only_its_own_keys),
		cmocka_unit_test(control_characters_are_removed),
		cmocka_unit_test(missing_fields_are_omitted),
		cmocka_unit_test(tags_become_an_array_of_strings),
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(only_long_texts_are_cut),
		cmocka_unit_test(an_event_ends_with_its_time),
		cmocka_unit_test(the_names_give_the_head_of_an_event),
		cmocka_unit_test(a_check_is_repeated_as_it_came),
		cmocka_unit_test(a_stale_check_keeps_its_lasting_fields),
		cmocka_unit_test(deadlines_are_fixed_on_the_monotonic_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
