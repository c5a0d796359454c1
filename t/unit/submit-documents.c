/* SPDX-License-Identifier: MIT */
/* The JSON documents of a stream, also of a damaged one. */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "httpbroker/submit/json_stream.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT 64

/* `LINE:DOCUMENT;` for each document so far, `LINE!REASON;` for a broken one. */
static void results_append(struct documents *documents, struct buffer *out)
{
	enum documents_result result;
	struct document document;
	struct reason why;

	while ((result = documents_next(documents, &document, &why)) != DOCUMENTS_NONE) {
		if (result == DOCUMENTS_ONE)
			buffer_printf(out, "%d:%.*s;", (int)document.line, (int)document.length,
				document.text);
		else
			buffer_printf(out, "%d!%s;", (int)document.line, why.text);
	}
}

/* The same for a whole input in pieces of `step` bytes. To be freed. */
static char *results_of(const char *input, size_t step)
{
	struct documents *documents = documents_new(LIMIT);
	struct buffer out = {NULL, 0, 0};
	size_t length = strlen(input);

	buffer_append_text(&out, "");
	for (size_t at = 0; at < length; at += step) {
		documents_push(documents, input + at, length - at < step ? length - at : step);
		results_append(documents, &out);
	}
	documents_finish(documents);
	results_append(documents, &out);
	documents_free(documents);
	return out.data;
}

/* The result does not depend on the pieces. */
static void assert_documents(const char *input, const char *expected)
{
	for (size_t step = 1; step <= strlen(input) + 1; step++) {
		char *is = results_of(input, step);

		if (strcmp(is, expected) != 0)
			fail_msg("'%s' by %zu:\n  is       %s\n  expected %s", input, step, is,
				expected);
		free(is);
	}
}

static void documents_may_follow_each_other(void **state)
{
	(void)state;
	assert_documents("", "");
	assert_documents(" \t\r\n ", "");
	assert_documents("{}", "1:{};");
	assert_documents("{\"a\":1}{\"b\":-2.5e+3}\n{\"c\":null}",
		"1:{\"a\":1};1:{\"b\":-2.5e+3};2:{\"c\":null};");
	assert_documents("\n\n {\"a\":\n[1, {} ,[]]\n}\r\n{}", "3:{\"a\":\n[1, {} ,[]]\n};6:{};");
	assert_documents("{\"}{\\\"\":\"\\\\\"} {\"a\":\"{[\"}",
		"1:{\"}{\\\"\":\"\\\\\"};1:{\"a\":\"{[\"};");
	assert_documents(
		"{\"a\" : true , \"b\":{\"c\":[1,2]}}", "1:{\"a\" : true , \"b\":{\"c\":[1,2]}};");
}

static void the_elements_of_an_array_are_documents(void **state)
{
	(void)state;
	assert_documents("[]", "");
	assert_documents("[{}]", "1:{};");
	assert_documents("[\n{\"a\":1},\n {\"b\":2}\n]\n{}", "2:{\"a\":1};3:{\"b\":2};5:{};");
	assert_documents("[{}][{}]", "1:{};1:{};");
	assert_documents(
		"[{},]\n{}", "1:{};1!expected a value, found ']' (line 1, column 5);2:{};");
	assert_documents("[{} {}\n", "1:{};1!expected ',' or ']', found '{' (line 1, column 5);");
	assert_documents("[{}\n", "1:{};2!an array has no end (line 2, column 1);");
	assert_documents("[1]\n{}",
		"1!an event is a JSON object and begins with '{' (line 1, column 2);2:{};");
	assert_documents("[[{}]]\n{}",
		"1!an event is a JSON object and begins with '{' (line 1, column 2);2:{};");
}

static void a_missing_comma_loses_no_element(void **state)
{
	(void)state;
	assert_documents("[{\"a\":1}\n{\"b\":2}\n]\n{}",
		"1:{\"a\":1};2!expected ',' or ']', found '{' (line 2, column 1);2:{\"b\":2};4:{};");
}

/* After an invalid element, the commas and the end of its array are no errors. */
static void an_invalid_element_loses_no_other(void **state)
{
	(void)state;
	assert_documents("[{\"a\":1},\n{\"b\"},\n{\"c\":3},\n{\"d\":4}]\n{}",
		"1:{\"a\":1};2!expected ':', found '}' (line 2, column 5);3:{\"c\":3};4:{\"d\":4};5:{};");
	/* but they are errors after the end of the array */
	assert_documents("[{\"a\"},\n{}]\n,{}",
		"1!expected ':', found '}' (line 1, column 6);2:{};"
		"3!an event is a JSON object and begins with '{' (line 3, column 1);");
	assert_documents("[{\"a\"},\n[{}]\n,{}",
		"1!expected ':', found '}' (line 1, column 6);2:{};"
		"3!an event is a JSON object and begins with '{' (line 3, column 1);");
}

static void values_other_than_objects_are_skipped(void **state)
{
	(void)state;
	assert_documents("hello {}\n{\"a\":1}",
		"1!an event is a JSON object and begins with '{' (line 1, column 1);2:{\"a\":1};");
	assert_documents("{} x\nmore of it\n \t{}",
		"1:{};1!an event is a JSON object and begins with '{' (line 1, column 4);3:{};");
	assert_documents("\"{}\"\n42\n[{}]",
		"1!an event is a JSON object and begins with '{' (line 1, column 1);3:{};");
	assert_documents("}\n{}",
		"1!an event is a JSON object and begins with '{' (line 1, column 1);2:{};");
	assert_documents("\x01\n{}",
		"1!an event is a JSON object and begins with '{', not with byte 0x01 (line 1, column 1);"
		"2:{};");
	assert_documents("\xef\xbb\xbf{}\n{}",
		"1!an event is a JSON object and begins with '{', not with byte 0xef (line 1, column 1);"
		"2:{};");
}

static void a_truncated_document_does_not_include_the_next(void **state)
{
	(void)state;
	assert_documents("{\"a\":1\n{\"b\":2}\n",
		"1!expected ',' or '}', found '{' (line 2, column 1);2:{\"b\":2};");
	assert_documents("{\"a\":\n{\"b\":2}\n{\"c\":3}\n",
		"1!expected ',' or '}', found '{' (line 3, column 1);2:{\"b\":2};3:{\"c\":3};");
	assert_documents("{\"a\":[\n{\"b\":2}\n",
		"1!the input ends inside it (line 3, column 1);2:{\"b\":2};");
	assert_documents("{\"a\":\"x\n{\"b\":2}\n",
		"1!a string does not end in its line (line 1, column 8);2:{\"b\":2};");
	assert_documents("{\"a\":1,\n{\"b\":2}\n",
		"1!expected a key in quotes, found '{' (line 2, column 1);2:{\"b\":2};");
	assert_documents("{\"a\": \"b", "1!the input ends inside it (line 1, column 9);");
}

static void misplaced_bytes_are_reported(void **state)
{
	static const struct {
		const char *input;
		const char *expected;
	} cases[] = {
		{"{]", "1!expected a key in quotes or '}', found ']' (line 1, column 2);"},
		{"{1", "1!expected a key in quotes or '}', found '1' (line 1, column 2);"},
		{"{\"a\" 1", "1!expected ':', found '1' (line 1, column 6);"},
		{"{\"a\":}", "1!expected a value, found '}' (line 1, column 6);"},
		{"{\"a\":[}", "1!expected a value or ']', found '}' (line 1, column 7);"},
		{"{\"a\":[1}", "1!expected ',' or ']', found '}' (line 1, column 8);"},
		{"{\"a\":1]", "1!expected ',' or '}', found ']' (line 1, column 7);"},
		{"{\"a\":1 2", "1!expected ',' or '}', found '2' (line 1, column 8);"},
		{"{\"a\":\"\"\"", "1!expected ',' or '}', found '\"' (line 1, column 8);"},
		{"{\"a\"::", "1!expected a value, found ':' (line 1, column 6);"},
		{"{\"a\":,", "1!expected a value, found ',' (line 1, column 6);"},
		{"{\"a\":'", "1!expected a value, found ''' (line 1, column 6);"},
		{"{\x7f", "1!expected a key in quotes or '}', found byte 0x7f (line 1, column 2);"},
		{"{\"a\":\xff", "1!expected a value, found byte 0xff (line 1, column 6);"},
		{"{\"\t", "1!control character 0x09 in a string (line 1, column 3);"},
		{"{\"\\\n", "1!a string does not end in its line (line 1, column 4);"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_documents(cases[i].input, cases[i].expected);
}

static void the_size_of_a_document_is_limited(void **state)
{
	char fits[LIMIT + 1], too_long[2 * LIMIT + 8];
	char expected[LIMIT + 16];

	(void)state;
	snprintf(fits, sizeof fits, "{\"a\":\"%.*s\"}", LIMIT - 8,
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	assert_int_equal(strlen(fits), LIMIT);
	snprintf(expected, sizeof expected, "1:%s;", fits);
	assert_documents(fits, expected);
	snprintf(too_long, sizeof too_long, "{\"a\":%s}\n{}", fits);
	assert_documents(too_long, "1!longer than 64 bytes (line 1, column 65);2:{};");
	/* an array has no limit */
	snprintf(too_long, sizeof too_long, "[%s,{}]", fits);
	snprintf(expected, sizeof expected, "1:%s;1:{};", fits);
	assert_documents(too_long, expected);
}

static void the_depth_of_nesting_is_limited(void **state)
{
	struct documents *documents = documents_new(1024);
	struct buffer out = {NULL, 0, 0};
	struct buffer input = {NULL, 0, 0};

	(void)state;
	buffer_append_text(&input, "{\"a\":");
	for (int i = 0; i < 64; i++)
		buffer_append_text(&input, "[");
	buffer_append_text(&input, "\n{}");
	documents_push(documents, input.data, input.length);
	results_append(documents, &out);
	assert_string_equal(out.data, "1!nested deeper than 64 (line 1, column 69);2:{};");
	buffer_free(&input);
	buffer_free(&out);
	documents_free(documents);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_may_follow_each_other),
		cmocka_unit_test(the_elements_of_an_array_are_documents),
		cmocka_unit_test(a_missing_comma_loses_no_element),
		cmocka_unit_test(an_invalid_element_loses_no_other),
		cmocka_unit_test(values_other_than_objects_are_skipped),
		cmocka_unit_test(a_truncated_document_does_not_include_the_next),
		cmocka_unit_test(misplaced_bytes_are_reported),
		cmocka_unit_test(the_size_of_a_document_is_limited),
		cmocka_unit_test(the_depth_of_nesting_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
