/* SPDX-License-Identifier: MIT */
/* From the bytes of a body to its documents. */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "httpbroker/formats/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The visited documents, a word each: `INDEX/LINE:VALUE` or `INDEX/LINE!REASON`. */
struct seen {
	struct buffer words;
	size_t max; /* to visit */
	size_t count;
};

static bool document_see(struct body_visitor *visitor, json_t *document, struct position position)
{
	struct seen *seen = visitor->owner;
	char *value = json_dumps(document, JSON_ENCODE_ANY | JSON_COMPACT);

	buffer_printf(&seen->words, "%u/%u:%s ", position.index, position.line, value);
	free(value);
	return ++seen->count < seen->max;
}

static bool broken_see(struct body_visitor *visitor, enum body_fault fault,
	const struct reason *why, struct position position)
{
	assert_int_equal(fault, BODY_NO_JSON);
	struct seen *seen = visitor->owner;

	buffer_printf(&seen->words, "%u/%u!%s ", position.index, position.line, why->text);
	return ++seen->count < seen->max;
}

static void assert_read(const char *bytes, size_t length, bool lines, size_t max,
	enum body_kind kind, const char *expected)
{
	struct seen seen = {{NULL, 0, 0}, max, 0};
	struct body_visitor visitor = {document_see, broken_see, &seen, BODY_NO_JSON};
	struct reason why = {""};
	char *copy = malloc(length + 1); /* a sanitizer detects reads beyond it */

	memcpy(copy, bytes, length);
	buffer_append_text(&seen.words, "");
	assert_int_equal(body_read(length > 0 ? copy : NULL, length, lines, &visitor, &why), kind);
	buffer_append_text(&seen.words, why.text);
	assert_string_equal(seen.words.data, expected);
	buffer_free(&seen.words);
	free(copy);
}

static void assert_body(const char *body, enum body_kind kind, const char *expected)
{
	assert_read(body, strlen(body), false, SIZE_MAX, kind, expected);
}

static void assert_lines(const char *body, const char *expected)
{
	assert_read(body, strlen(body), true, SIZE_MAX, BODY_MANY, expected);
}

static void an_object_is_one_document(void **state)
{
	(void)state;
	assert_body("{}", BODY_ONE, "0/0:{} ");
	assert_body(" \r\n\t{\"a\"\n:\n1}\n\n \r\n", BODY_ONE, "0/0:{\"a\":1} ");
}

static void an_array_is_read_as_its_elements(void **state)
{
	(void)state;
	assert_body("[]", BODY_MANY, "");
	assert_body("[{\"a\":1},7,null,[2]]\n", BODY_MANY, "0/0:{\"a\":1} 1/0:7 2/0:null 3/0:[2] ");
	assert_read("[1,2,3]", 7, false, 2, BODY_MANY, "0/0:1 1/0:2 ");
}

static void two_documents_on_two_lines_are_lines(void **state)
{
	(void)state;
	assert_body("{\"a\":1}\n{\"b\":2}", BODY_MANY, "0/1:{\"a\":1} 1/2:{\"b\":2} ");
	assert_body("\n \n{}\r\n\r\n{}\r\n", BODY_MANY, "0/3:{} 1/5:{} ");
	assert_body("[]\n[1]\n", BODY_MANY, "0/1:[] 1/2:[1] ");
	assert_read("{}\n{}\n{}", 8, false, 2, BODY_MANY, "0/1:{} 1/2:{} ");
}

static void an_invalid_line_is_reported_and_skipped(void **state)
{
	(void)state;
	assert_body("{}\n{\"a\":}\n{\n{}", BODY_MANY,
		"0/1:{} 1/2!line 2, column 6: unexpected token near '}' "
		"2/3!line 3, column 1: string or '}' expected near end of file 3/4:{} ");
	assert_body("{}\n7\n\"x\"", BODY_MANY,
		"0/1:{} 1/2!line 2, column 1: '[' or '{' expected near '7' "
		"2/3!line 3, column 3: '[' or '{' expected near '\"x\"' ");
	assert_body("{}\n{} {}\n", BODY_MANY,
		"0/1:{} 1/2!line 2, column 4: end of file expected near '{' ");
}

static void a_content_type_of_lines_is_respected(void **state)
{
	(void)state;
	assert_lines("", "");
	assert_lines(" \n\n", "");
	assert_lines("{}", "0/1:{} ");
	assert_lines("{}\n", "0/1:{} ");
	assert_lines("{\n}", "0/1!line 1, column 1: string or '}' expected near end of file "
			     "1/2!line 2, column 1: '[' or '{' expected near '}' ");
	assert_lines("{\"a\\u0000\":1}", "0/1:{\"a\\u0001\":1} ");
	assert_lines("\xef\xbb\xbf{}\n{}", "0/1!line 1, column 1: there is a byte-order mark: send "
					   "UTF-8 without it 1/2:{} ");
	assert_lines("nonsense\n{}\n", "0/1!line 1, column 8: '[' or '{' expected near 'nonsense' "
				       "1/2:{} ");
}

/* As PowerShell 5 writes it to a file, with a byte-order mark or without. */
static void a_body_in_utf_16_is_named(void **state)
{
	static const char reason[] = "line 1, column %d: this looks like UTF-16: send UTF-8";
	static const struct {
		const char *bytes;
		int column; /* jansson's */
	} bodies[] = {
		{"\xff\xfe{\0}\0", 0}, {"\xfe\xff\0{\0}", 0}, {"{\0\"\0}\0", 2}, {"\0[\0]\0 ", 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
		char expected[sizeof reason];

		snprintf(expected, sizeof expected, reason, bodies[i].column);
		assert_read(bodies[i].bytes, 6, false, SIZE_MAX, BODY_BROKEN, expected);
	}
}

static void escapes_that_the_library_refuses_are_replaced(void **state)
{
	(void)state;
	assert_body(
		"{\"a\":\"\\u0000 \\ud800\"}", BODY_ONE, "0/0:{\"a\":\"\\u0001 \xef\xbf\xbf\"} ");
	assert_body("{\"a\":\"\\udce4\"}\n{}\n", BODY_MANY, "0/1:{\"a\":\"\xef\xbf\xbf\"} 1/2:{} ");
	assert_body("{\"a\":\"\\udce4\"}}", BODY_BROKEN,
		"line 1, column 15: something follows the document: several go into an array, "
		"or one on each line");
	assert_body("{\"a\":\"\\ud800\", }", BODY_BROKEN,
		"line 1, column 16: string or '}' expected near '}'");
}

static void data_after_a_document_is_refused(void **state)
{
	(void)state;
	assert_body("{} {}", BODY_BROKEN,
		"line 1, column 4: something follows the document: several go into an array, "
		"or one on each line");
	assert_body("{}{}\n{}", BODY_BROKEN,
		"line 1, column 3: something follows the document: several go into an array, "
		"or one on each line");
	assert_body("{\n}\n  x", BODY_BROKEN,
		"line 3, column 3: something follows the document: several go into an array, "
		"or one on each line");
}

static void invalid_json_is_refused_with_its_position(void **state)
{
	(void)state;
	assert_body("", BODY_BROKEN, "the body is empty: post a JSON object");
	assert_body(" \n", BODY_BROKEN, "the body is empty: post a JSON object");
	assert_body("x", BODY_BROKEN, "line 1, column 1: '[' or '{' expected near 'x'");
	assert_body("\n\n{\"a\":1", BODY_BROKEN, "line 3, column 6: '}' expected near end of file");
	assert_body("{\"a\":1,\"a\":2}", BODY_BROKEN,
		"line 1, column 10: duplicate object key near '\"a\"'");
	assert_body("[{\"a\":1},\n{\"a\":1e999}]", BODY_BROKEN,
		"line 2, column 10: real number overflow near '1e999'");
	assert_body("{\"a\":99999999999999999999}", BODY_BROKEN,
		"line 1, column 25: too big integer near '99999999999999999999'");
	assert_body("{\"a\":\"\xff\"}", BODY_BROKEN,
		"line 1, column 6: unable to decode byte 0xff near '\"'");
	assert_read("{\"a\":\"\0\"}", 9, false, SIZE_MAX, BODY_BROKEN,
		"line 1, column 6: control character 0x0 near '\"'");
	assert_read("{}\0", 3, false, SIZE_MAX, BODY_BROKEN,
		"line 1, column 3: something follows the document: several go into an array, "
		"or one on each line");
}

static void nesting_of_any_depth_is_refused_safely(void **state)
{
	enum { DEPTH = 100000 };
	char *body = malloc(DEPTH);

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(body, i == 0 ? '[' : '{', DEPTH);
		struct seen seen = {{NULL, 0, 0}, SIZE_MAX, 0};
		struct body_visitor visitor = {document_see, broken_see, &seen, BODY_NO_JSON};
		struct reason why;

		assert_int_equal(body_read(body, DEPTH, false, &visitor, &why), BODY_BROKEN);
		assert_int_equal(seen.count, 0);
		assert_memory_equal(why.text, "line 1, column ", 15);
	}
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_one_document),
		cmocka_unit_test(an_array_is_read_as_its_elements),
		cmocka_unit_test(two_documents_on_two_lines_are_lines),
		cmocka_unit_test(an_invalid_line_is_reported_and_skipped),
		cmocka_unit_test(a_content_type_of_lines_is_respected),
		cmocka_unit_test(a_body_in_utf_16_is_named),
		cmocka_unit_test(escapes_that_the_library_refuses_are_replaced),
		cmocka_unit_test(data_after_a_document_is_refused),
		cmocka_unit_test(invalid_json_is_refused_with_its_position),
		cmocka_unit_test(nesting_of_any_depth_is_refused_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
