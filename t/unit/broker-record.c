/* SPDX-License-Identifier: MIT */
/* The record of a check that Redis keeps: written, read, and garbage refused. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/record.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

#define WITH_LENGTH(literal) literal, sizeof(literal) - 1

static void assert_record(
	struct check *check, bool unpushed, int64_t deadline, const char *expected)
{
	struct buffer lines = {NULL, 0, 0};
	struct resp_list fields = {{NULL, 0, 0}, 0};

	record_write(&fields, check, unpushed, deadline);
	assert_int_equal(fields.count, 2);
	assert_string_equal(resp_lines(&fields, &lines), expected);
	resp_free(&fields);
	buffer_free(&lines);
}

static void a_record_is_written(void **state)
{
	struct event event = event_plain("a:b", "c", STATE_OK);

	(void)state;
	event.time = 1429505587;
	struct single single = single_make(&event, (struct moment){0, 0});
	single.check->sent = STATE_UNKNOWN;
	assert_record(single.check, false, 123456,
		"a:b\x1f"
		"c\n1 1429505587 300 unknown 123456 {\"entity\":\"a:b\",\"check\":\"c\","
		"\"type\":\"service\",\"state\":\"ok\",\"summary\":\"\"}\n");
	single.check->ttl = EVENT_TTL_NEVER;
	assert_record(single.check, true, RECORD_NEVER,
		"a:b\x1f"
		"c\n1 1429505587 -1 - - {\"entity\":\"a:b\",\"check\":\"c\","
		"\"type\":\"service\",\"state\":\"ok\",\"summary\":\"\"}\n");
	checks_free(single.checks);
}

/* The event of a record; to be freed. */
static struct prepared event_of(const char *value)
{
	static const char field[] = "a:b\x1f"
				    "c";
	const struct decode_context context = {2, 0, {1429505590 * NSEC_PER_SEC, 0}};
	struct prepared prepared;
	struct record record;
	struct reason why;

	assert_true(decode_record(&context, (struct blob){WITH_LENGTH(field)},
		(struct blob){value, strlen(value)}, &prepared, &record, &why));
	return prepared;
}

/* The time of a record with its milliseconds after decoding. */
static void assert_fraction(const char *value, int fraction)
{
	struct prepared prepared = event_of(value);

	assert_int_equal(prepared.time, 1429505587);
	assert_int_equal(prepared.fraction, fraction);
	prepared_free(&prepared);
}

#define VALUE                                                                                  \
	"1 1429505587 300 ok 123456 {\"entity\":\"a:b\",\"check\":\"c\",\"type\":\"service\"," \
	"\"state\":\"ok\",\"summary\":\"\""

static void assert_since(const char *value, int64_t since)
{
	struct prepared prepared = event_of(value);

	assert_int_equal(prepared.since, since);
	prepared_free(&prepared);
}

static void when_the_state_changed_is_read_if_it_is_a_time(void **state)
{
	(void)state;
	assert_since(VALUE ",\"since\":1429505000}", 1429505000);
	assert_since(VALUE ",\"since\":-5}", 0);
	assert_since(VALUE ",\"since\":9000000000000000000}", 0);
	assert_since(VALUE "}", 0);
}

static void milliseconds_are_written_to_a_record_if_known(void **state)
{
	struct event event = event_plain("a:b", "c", STATE_OK);

	(void)state;
	event.time = 1429505587;
	event.fraction = 124;
	struct single single = single_make(&event, (struct moment){0, 0});
	single.check->sent = STATE_OK;
	assert_record(single.check, false, 123456,
		"a:b\x1f"
		"c\n" VALUE ",\"millis\":123}\n");
	checks_free(single.checks);
	assert_fraction(VALUE ",\"millis\":123}", 124);
	assert_fraction(VALUE "}", 0); /* of an earlier release */
}

static void a_record_is_read(void **state)
{
	static const char plain[] = "1 1429505587 300 critical 123456 {\"a\": \"b c\"}";
	static const char never[] = "1 0 -2147483648 ok - {}";
	static const char unpushed[] = "1 0 300 - 5 {}";
	struct record record;
	struct reason why;

	(void)state;
	assert_true(record_read(WITH_LENGTH(plain), &record, &why));
	assert_int_equal(record.time, 1429505587);
	assert_int_equal(record.ttl, 300);
	assert_false(record.unpushed);
	assert_int_equal(record.sent, STATE_CRITICAL);
	assert_int_equal(record.deadline, 123456);
	assert_int_equal(record.json_length, strlen("{\"a\": \"b c\"}"));
	assert_memory_equal(record.json, "{\"a\": \"b c\"}", record.json_length);
	assert_true(record_read(WITH_LENGTH(never), &record, &why));
	assert_int_equal(record.time, 0);
	assert_int_equal(record.ttl, INT32_MIN);
	assert_int_equal(record.sent, STATE_OK);
	assert_int_equal(record.deadline, RECORD_NEVER);
	assert_true(record_read(WITH_LENGTH(unpushed), &record, &why));
	assert_true(record.unpushed);
	assert_int_equal(record.deadline, 5);
}

static void assert_no_record(const char *value, size_t length, const char *expected)
{
	struct record record;
	struct reason why = {"no reason"};
	char *exact = malloc(length > 0 ? length : 1); /* a sanitizer detects reads beyond it */

	assert_non_null(exact);
	memcpy(exact, value, length);
	assert_false(record_read(exact, length, &record, &why));
	assert_string_equal(why.text, expected);
	free(exact);
}

static void an_invalid_record_is_refused(void **state)
{
	(void)state;
	assert_no_record(WITH_LENGTH(""), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("1"), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("{\"entity\":\"e\"}"), "it is cut short, or no record at all");
	assert_no_record(
		WITH_LENGTH("123456789012345678901234 5"), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("1 7 300 ok 5"), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("1 7 300 ok "), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("1 7 300 ok -"), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("1 7 300"), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("2 7 300 ok 5 {}"), "its version is '2', not 1");
	assert_no_record(WITH_LENGTH(" 1 7 300 ok 5 {}"), "its version is '', not 1");
	assert_no_record(WITH_LENGTH("1\0 7 300 ok 5 {}"), "a NUL is among its words");
	assert_no_record(WITH_LENGTH("1 7\0 300 ok 5 {}"), "a NUL is among its words");
	assert_no_record(WITH_LENGTH("1  300 ok 5 {}"), "'' is not a whole number");
	assert_no_record(WITH_LENGTH("1 x 300 ok 5 {}"), "'x' is not a whole number");
	assert_no_record(WITH_LENGTH("1 -7 300 ok 5 {}"), "-7 is not from 0 to 9223372036");
	assert_no_record(WITH_LENGTH("1 7 2147483648 ok 5 {}"),
		"2147483648 is not from -2147483648 to 2147483647");
	assert_no_record(WITH_LENGTH("1 7 300 BANANA 5 {}"), "'BANANA' is no state");
	assert_no_record(
		WITH_LENGTH("1 7 300 acknowledgement 5 {}"), "'acknowledgement' is no state");
	assert_no_record(WITH_LENGTH("1 7 300  5 {}"), "'' is no state");
	assert_no_record(WITH_LENGTH("1 7 300 -- 5 {}"), "'--' is no state");
	assert_no_record(WITH_LENGTH("1 7 300 -"), "it is cut short, or no record at all");
	assert_no_record(WITH_LENGTH("1 7 300 ok -5 {}"), "-5 is not from 0 to 9223372036854");
	assert_no_record(WITH_LENGTH("1 7 300 ok 9223372036855 {}"),
		"9223372036855 is not from 0 to 9223372036854");
}

/* Arbitrary bytes are never read beyond their end, and never give a deadline < 0. */
static void random_bytes_are_read_safely(void **state)
{
	static const char pieces[] = "1 07-9 ok{}\0\x1f\xff unknown";
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		size_t length = (size_t)rand_r(&seed) % 40;
		char *bytes = malloc(length > 0 ? length : 1);
		struct record record;
		struct record_field field;
		struct reason why;

		assert_non_null(bytes);
		for (size_t i = 0; i < length; i++)
			bytes[i] = pieces[(size_t)rand_r(&seed) % (sizeof pieces - 1)];
		if (round % 2 == 0 && length > 2)
			memcpy(bytes, "1 ", 2);
		if (record_read(bytes, length, &record, &why))
			assert_ptr_equal(record.json + record.json_length, bytes + length);
		if (record_field_read(bytes, length, &field, &why))
			assert_int_equal(field.entity_length + 1 + field.check_length, length);
		free(bytes);
	}
}

static void fields_are_two_names(void **state)
{
	struct record_field field;
	struct reason why;

	(void)state;
	assert_true(record_field_read(WITH_LENGTH("a:b\x1f"
						  "c"),
		&field, &why));
	assert_int_equal(field.entity_length, 3);
	assert_memory_equal(field.entity, "a:b", 3);
	assert_int_equal(field.check_length, 1);
	assert_memory_equal(field.check, "c", 1);
	assert_false(record_field_read(WITH_LENGTH(""), &field, &why));
	assert_false(record_field_read(WITH_LENGTH("a:b"), &field, &why));
	assert_false(record_field_read(WITH_LENGTH("\x1f"), &field, &why));
	assert_false(record_field_read(WITH_LENGTH("a\x1f"), &field, &why));
	assert_false(record_field_read(WITH_LENGTH("\x1f"
						   "b"),
		&field, &why));
	assert_string_equal(why.text, "it is not two names with U+001F between them");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_written),
		cmocka_unit_test(when_the_state_changed_is_read_if_it_is_a_time),
		cmocka_unit_test(milliseconds_are_written_to_a_record_if_known),
		cmocka_unit_test(a_record_is_read),
		cmocka_unit_test(an_invalid_record_is_refused),
		cmocka_unit_test(random_bytes_are_read_safely),
		cmocka_unit_test(fields_are_two_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
