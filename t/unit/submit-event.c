/* SPDX-License-Identifier: MIT */
/* The fields of an event: their texts, and how they are written as JSON. */
#include "t/unit/unit.h"

#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/report.h"

#include <string.h>

static void assert_utf8(const char *text, const char *expected)
{
	struct buffer out = {NULL, 0, 0};

	fields_write(&(struct fields){.details = text, .time = FIELDS_NO_TIME}, &out);
	json_t *event = json_loadb(out.data, out.length, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(event, "details")), expected);
	json_decref(event);
	buffer_free(&out);
}

#define BAD "\xef\xbf\xbd"

static void utf8_keeps_characters_and_replaces_the_rest(void **state)
{
	static const char *const unchanged[] = {"plain", "\xc3\xa4", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbd", "a\tb\nc"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(unchanged); i++)
		assert_utf8(unchanged[i], unchanged[i]);
	assert_utf8("gr\xfc\xdf"
		    "e",
		"gr" BAD BAD "e");
	assert_utf8("\xc3", BAD);
	assert_utf8("\xc3(", BAD "(");
	assert_utf8("\x80", BAD);
	assert_utf8("\xe2\x82", BAD BAD);
	assert_utf8("\xe2\x82x", BAD BAD "x");
	assert_utf8("\xc0\xaf", BAD BAD);                 /* overlong */
	assert_utf8("\xe0\x9f\xbf", BAD BAD BAD);         /* overlong */
	assert_utf8("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD); /* overlong */
	assert_utf8("\xed\xa0\x80", BAD BAD BAD);         /* a surrogate */
	assert_utf8("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
	assert_utf8("\xf5\x80\x80\x80", BAD BAD BAD BAD);
}

#define ELLIPSIS UTF8_ELLIPSIS

static void assert_shortened(const char *text, size_t max, const char *expected)
{
	struct buffer buffer = {NULL, 0, 0};

	buffer_append_text(&buffer, text);
	utf8_shorten(&buffer, max);
	assert_string_equal(buffer.data, expected);
	buffer_free(&buffer);
}

static void text_is_cut_between_characters(void **state)
{
	(void)state;
	assert_int_equal(utf8_whole("ab", 2), 2);
	assert_int_equal(utf8_whole("a\xe2\x82\xac", 4), 4);
	assert_int_equal(utf8_whole("a\xe2\x82", 3), 1);
	assert_int_equal(utf8_whole("a\xe2", 2), 1);
	assert_int_equal(utf8_whole("a\xf0\x9f\x98", 4), 1);
	assert_int_equal(utf8_whole("\x80\x80\x80\x80", 4), 4);
	assert_int_equal(utf8_whole("", 0), 0);
	assert_int_equal(utf8_severed("ab", 2), 0);
	assert_int_equal(utf8_severed("\x82\xac"
				      "a\xac",
				 4),
		2);
	assert_int_equal(utf8_severed("\x80\x80\x80\x80", 4), 3);
	assert_int_equal(utf8_severed("", 0), 0);
	assert_shortened("0123456789", 10, "0123456789");
	assert_shortened("0123456789A", 10, "012" ELLIPSIS "89A");
	assert_shortened("01\xe2\x82\xac"
			 "5678",
		8, "01" ELLIPSIS "78");
	assert_shortened("0123456\xe2\x82\xac", 8, "01" ELLIPSIS);
}

/* A Jabber server closes the stream that sends one. */
static void control_characters_are_removed(void **state)
{
	struct buffer json = {NULL, 0, 0};
	char tag[] = "t\a";
	char *tags[] = {tag, NULL};

	(void)state;
	fields_write(&(struct fields){.entity = "e\x01",
			     .check = "a\nb",
			     .state = "ok",
			     .summary = "\x1b[31mCRITICAL\x1b[0m\ndisk\x7f",
			     .details = "a\r\nb\xc2\x85\tc\xef\xbf\xbe",
			     .perfdata = "x=1\n\by=2",
			     .tags = tags,
			     .time = FIELDS_NO_TIME},
		&json);
	assert_string_equal(json.data,
		"{\"entity\":\"e\",\"check\":\"a b\",\"state\":\"ok\",\"summary\":\"CRITICAL "
		"disk\",\"details\":\"a\\nb\\tc" BAD
		"\",\"perfdata\":\"x=1 y=2\",\"tags\":[\"t\"]}");
	buffer_free(&json);
}

/* A plugin's output as `summary/details/perfdata`. */
static void assert_split(const char *text, const char *expected)
{
	struct plugin_text parts = {0};
	char copy[512], found[512];

	snprintf(copy, sizeof copy, "%s", text);
	plugin_split(copy, &parts);
	snprintf(found, sizeof found, "%s/%s/%s", parts.summary, parts.details,
		parts.perfdata.data != NULL ? parts.perfdata.data : "");
	assert_string_equal(found, expected);
	buffer_free(&parts.perfdata);
}

/* The forms in the plugin guidelines' chapter on output, and those of real plugins. */
static void plugin_output_is_split(void **state)
{
	(void)state;
	assert_split("DISK OK - free space: / 3326 MB (56%);",
		"DISK OK - free space: / 3326 MB (56%);//");
	assert_split("DISK OK | a=2643MB;5948;5958;0;5968\n", "DISK OK//a=2643MB;5948;5958;0;5968");
	assert_split("DISK OK | a=1\nfirst\nsecond\nthird | b=2\nc=3\n\nd=4;;;\n",
		"DISK OK/first\nsecond\nthird/a=1 b=2 c=3 d=4;;;");
	assert_split("OK\nfirst\n  second\n", "OK/first\n  second/");
	assert_split("OK\n  first\nsecond", "OK/  first\nsecond/");
	assert_split("OK\n|b=2", "OK//b=2");
	assert_split("OK\nfirst\n|b=2\nc=3", "OK/first/b=2 c=3");
	assert_split("OK|'a|b'=1 c=2", "OK//'a|b'=1 c=2");
	assert_split("OK|", "OK//");
	assert_split("|a=1", "//a=1");
	assert_split("", "//");
	assert_split("\n \n\n", "//");
	assert_split("\n\nOK", "OK//");
	assert_split("OK\r\nfirst\r\n", "OK/first/");
	assert_split("OK\n\n\nfirst\n\n\nsecond\n\n", "OK/first\n\n\nsecond/");
}

static void exit_codes_map_to_states(void **state)
{
	(void)state;
	assert_string_equal(plugin_state(0), "ok");
	assert_string_equal(plugin_state(1), "warning");
	assert_string_equal(plugin_state(2), "critical");
	assert_string_equal(plugin_state(3), "unknown");
	assert_string_equal(plugin_state(4), "critical");
	assert_string_equal(plugin_state(-1), "critical");
	assert_string_equal(plugin_state(255), "critical");
}

static void assert_written(const struct fields *fields, const char *expected)
{
	struct buffer json = {NULL, 0, 0};

	fields_write(fields, &json);
	assert_string_equal(json.data, expected);
	buffer_free(&json);
}

static void fields_are_written_as_json(void **state)
{
	char tag[] = "a\"b", latin[] = "m\374ch";
	char *tags[] = {tag, latin, NULL};

	(void)state;
	assert_written(&(struct fields){.time = FIELDS_NO_TIME}, "{}");
	assert_written(&(struct fields){.entity = "e",
			       .check = "c",
			       .state = "ok",
			       .summary = "",
			       .details = "x\ty\n\x01",
			       .tags = tags,
			       .time = 0,
			       .ttl = -1},
		"{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"details\":\"x\\ty\\n\","
		"\"tags\":[\"a\\\"b\",\"m" BAD "ch\"],\"time\":0,\"ttl\":-1}");
}

/* Compares an event of a feed, completed with these defaults. */
static void assert_completed(const struct fields *given, const char *text, const char *expected)
{
	struct defaults *defaults = defaults_new(given);
	json_t *json = json_loads(text, 0, NULL);
	struct buffer out = {NULL, 0, 0};

	if (!defaults_insert(defaults, json, text, strlen(text), &out))
		buffer_append_text(&out, text);
	assert_string_equal(out.data, expected);
	buffer_free(&out);
	json_decref(json);
	defaults_free(defaults);
}

static void defaults_set_missing_fields_only(void **state)
{
	char tag[] = "x";
	char *tags[] = {tag, NULL};
	const struct fields all = {
		.entity = "e\"", .tags = tags, .ttl = 60, .time = FIELDS_NO_TIME};
	const struct fields ttl = {.ttl = FIELDS_TTL_NEVER, .time = FIELDS_NO_TIME};
	const struct fields none = {.time = FIELDS_NO_TIME};

	(void)state;
	assert_completed(&all, "{}", "{\"entity\":\"e\\\"\",\"tags\":[\"x\"],\"ttl\":60}");
	assert_completed(&all, "{ \"a\": 1.50 }",
		"{\"entity\":\"e\\\"\",\"tags\":[\"x\"],\"ttl\":60, \"a\": 1.50 }");
	assert_completed(&all, "{\"ttl\":0,\"entity\":\"\"}",
		"{\"tags\":[\"x\"],\"ttl\":0,\"entity\":\"\"}");
	assert_completed(&ttl, "{\"a\":1}", "{\"ttl\":-1,\"a\":1}");
	assert_completed(&none, "{\"a\":1}", "{\"a\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_keeps_characters_and_replaces_the_rest),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(control_characters_are_removed),
		cmocka_unit_test(plugin_output_is_split),
		cmocka_unit_test(exit_codes_map_to_states),
		cmocka_unit_test(fields_are_written_as_json),
		cmocka_unit_test(defaults_set_missing_fields_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
