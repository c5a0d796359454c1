/* SPDX-License-Identifier: MIT */
/* listen_command: its words, the formats of its lines, its runs. */
#include "t/unit/unit.h"

#include "oobetet/listen/format.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC

/* ---- words ---- */

static void a_command_is_split_as_a_shell_does(void **state)
{
	static const struct {
		const char *command;
		const char *words; /* each followed by a bar; NULL: refused */
	} cases[] = {
		{"tail -n 0 -F /var/log/x", "tail|-n|0|-F|/var/log/x|"},
		{"  a \t b  ", "a|b|"},
		{"sh -c 'curl -N x | jq \"y\"'", "sh|-c|curl -N x | jq \"y\"|"},
		{"a \"b \\\"c\\\" \\\\ \\d $e\"", "a|b \"c\" \\ \\d $e|"},
		{"a\\ b 'c\\'d e''f", "a b|c\\d|ef|"},
		{"'a\\\\b\\\"c'", "a\\\\b\\\"c|"},
		{"a '' \"\"", "a|||"},
		{"a\\", "a\\|"},
		{"*.log -> $x;y", "*.log|->|$x;y|"},
		{"a 'b", NULL},
		{"a \"b\\\"", NULL},
		{"", NULL},
		{" \t", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reason why = {""};
		char **words = words_split(cases[i].command, &why);
		char joined[200] = "";

		for (int word = 0; words != NULL && words[word] != NULL; word++)
			snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s|",
				words[word]);
		if (cases[i].words == NULL) {
			assert_null(words);
			assert_string_not_equal(why.text, "");
		} else {
			assert_non_null(words);
			assert_string_equal(joined, cases[i].words);
		}
		free(words);
	}
}

/* It would be an argument, and what is meant would not happen. */
static void what_only_a_shell_understands_is_refused(void **state)
{
	static const struct {
		const char *command;
		bool good;
	} cases[] = {
		{"tail -F log | grep x", false},
		{"a && b", false},
		{"a || b", false},
		{"a ; b", false},
		{"a; b", false},
		{"a >log", false},
		{"a > log", false},
		{"a >> log", false},
		{"a < log", false},
		{"a 2>&1", false},
		{"a 2>/dev/null", false},
		{"a &", false},
		{"| a", false},
		{"a '|' \\; \"&\" '>x' 'y;'", true},
		{"curl -N https://h/x?a=b&c=d;e", true},
		{"a x=>y a|b", true},
		{"sh -c 'a; b >c | d'", true},
		{"sh -c \"a;\" b", true},
	};
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char **words = words_split(cases[i].command, &why);

		if ((words != NULL) != cases[i].good)
			fail_msg("%s", cases[i].command);
		if (words == NULL)
			assert_non_null(strstr(why.text, "is for a shell"));
		free(words);
	}
}

/* ---- formats ---- */

static void a_format_names_its_fields(void **state)
{
	static const struct {
		const char *text;
		const char *fault; /* NULL: accepted */
		bool nick;
	} cases[] = {
		{"text", NULL, false},
		{"nick text", NULL, true},
		{"nick \t text", NULL, true},
		{"json text=message", NULL, false},
		{"json  time=time text=a.b  nick=title", NULL, true},
		{"json text==", NULL, false},
		{"json", "'json' needs the key of the text", false},
		{"json nick=a", "'json' needs the key of the text", false},
		{"json text=", "'text=' needs a key", false},
		{"json text=a text=b", "'text=' is there twice", false},
		{"json text=a id=b", "'id=b': expected 'text', 'nick text' or 'json text=KEY",
			false},
		{"json:text=a", "expected 'text', 'nick text'", false},
		{"texts", "'texts': expected 'text'", false},
		{"nick", "expected", false},
		{"nick text x", "expected", false},
		{"text nick", "expected", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct listen_format format;
		struct reason why = {""};
		bool good = listen_format_parse(cases[i].text, &format, &why);

		if (good != (cases[i].fault == NULL) ||
			(!good && strstr(why.text, cases[i].fault) == NULL))
			fail_msg("%s: %s", cases[i].text, why.text);
		if (good)
			assert_int_equal(listen_format_has_nick(&format), cases[i].nick);
	}
}

static void a_key_has_100_bytes(void **state)
{
	char text[200];
	struct listen_format format;
	struct reason why;

	(void)state;
	snprintf(text, sizeof text, "json text=%0*d", LISTEN_KEY, 0);
	assert_true(listen_format_parse(text, &format, &why));
	assert_int_equal(strlen(format.key[FIELD_TEXT]), LISTEN_KEY);
	snprintf(text, sizeof text, "json text=%0*d", LISTEN_KEY + 1, 0);
	assert_false(listen_format_parse(text, &format, &why));
}

#define JSON "json text=message nick=sender.name time=time"
#define BAD (-2)
#define OTHER (-1)

/* What a line gives: its text, nick and time. */
struct line_case {
	const char *format, *line;
	const char *text, *nick;
	nsec time;
	const char *why; /* a part of it */
};

static void line_check(const struct line_case *its)
{
	struct listen_format format;
	struct listen_line line;
	struct reason why;
	char *copy = strdup(its->line);

	assert_true(listen_format_parse(its->format, &format, &why));
	enum listen_result result = listen_line_read(&format, copy, &line, &why);
	free(copy);
	if (strstr(why.text, its->why) == NULL || (its->why[0] == '\0') != (why.text[0] == '\0'))
		fail_msg("%s: why: %s", its->line, why.text);
	if (its->text == NULL) {
		if ((int)result != (its->time == BAD ? LINE_BAD : LINE_OTHER))
			fail_msg("%s: result %d", its->line, (int)result);
		return;
	}
	assert_int_equal(result, LINE_MESSAGE);
	assert_string_equal(line.text, its->text);
	assert_string_equal(line.nick, its->nick);
	if (line.time != its->time)
		fail_msg("%s: time %lld", its->line, (long long)line.time);
}

static void a_line_gives_text_nick_and_time(void **state)
{
	static const struct line_case cases[] = {
		{"text", "Problem: \"x\"\ty\r", "Problem: \"x\"\ty", "", NSEC_NEVER, ""},
		{"text", "", NULL, NULL, OTHER, ""},
		{"text", "\r", NULL, NULL, OTHER, ""},
		{"text", " ", " ", "", NSEC_NEVER, ""},
		{"nick text", "bot\tProblem:\tx", "Problem:\tx", "bot", NSEC_NEVER, ""},
		{"nick text", "\tx", "x", "", NSEC_NEVER, ""},
		{"nick text", "bot x", NULL, NULL, BAD, "no tab"},
		{"json text=a", "{\"a\":\"x\",\"\":\"y\"}", "x", "", NSEC_NEVER, ""},
		{JSON, "{\"message\":\"x\\ny\",\"sender\":{\"name\":\"bot\"},\"time\":1.5}", "x\ny",
			"bot", 3 * SEC / 2, ""},
		{JSON, "{\"message\":\"x\",\"sender.name\":\"a\",\"sender\":{\"name\":\"b\"}}", "x",
			"a", NSEC_NEVER, ""},
		{"json text=a.b.c", "{\"a\":{\"b.c\":\"x\"}}", "x", "", NSEC_NEVER, ""},
		{"json text=a.b.c", "{\"a\":{\"b\":{\"c\":\"x\"}}}", "x", "", NSEC_NEVER, ""},
		{"json text=a.b", "{\"a\":\"b\"}", NULL, NULL, OTHER, ""},
		{"json text=a.", "{\"a\":{\"\":\"x\"}}", "x", "", NSEC_NEVER, ""},
		{JSON, "{\"event\":\"keepalive\",\"time\":5}", NULL, NULL, OTHER, ""},
		{JSON, "{\"message\":7}", NULL, NULL, OTHER, ""},
		{JSON, "{\"message\":\"a\\u0000b\\ud800\"}", "a\001b\xef\xbf\xbf", "", NSEC_NEVER,
			""},
		{JSON, "[\"message\"]", NULL, NULL, BAD, "no JSON object"},
		{JSON, "message", NULL, NULL, BAD, "expected"},
		{JSON, "{\"message\":\"x\"", NULL, NULL, BAD, "expected"},
		{JSON, "{\"message\":\"\xff\"}", NULL, NULL, BAD, "decode"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		line_check(&cases[i]);
}

static void a_time_has_many_forms(void **state)
{
	static const struct {
		const char *json;
		nsec time; /* NSEC_NEVER: it cannot be read */
	} cases[] = {
		{"0", 0},
		{"1795170546", 1795170546 * SEC},
		{"\"1795170546\"", 1795170546 * SEC},
		{"\"1795170546.5\"", 1795170546 * SEC + SEC / 2},
		{"1795170546000", 1795170546 * SEC},
		{"\"1795170546000000\"", 1795170546 * SEC},
		{"1795170546000000000", 1795170546 * SEC},
		{"\"2026-11-20T10:29:06Z\"", 1795170546 * SEC},
		{"-1", NSEC_NEVER},
		{"1e30", NSEC_NEVER},
		{"99999999999", NSEC_NEVER},
		{"true", NSEC_NEVER},
		{"\"\"", NSEC_NEVER},
		{"\"soon\"", NSEC_NEVER},
		{"\"-5\"", NSEC_NEVER},
		{"\"nan\"", NSEC_NEVER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char json[200];
		bool none = cases[i].time == NSEC_NEVER;

		snprintf(json, sizeof json, "{\"message\":\"x\",\"time\":%s}", cases[i].json);
		line_check(&(struct line_case){
			JSON, json, "x", "", cases[i].time, none ? "its time is neither" : ""});
	}
	line_check(&(struct line_case){
		JSON, "{\"message\":\"x\",\"time\":null}", "x", "", NSEC_NEVER, ""});
}

static void text_and_nick_are_cut_between_characters(void **state)
{
	struct listen_format format;
	struct listen_line line;
	struct reason why;
	char *text = calloc(1, LISTEN_LINE + 1);

	(void)state;
	assert_true(listen_format_parse("nick text", &format, &why));
	memset(text, 'n', LISTEN_LINE);
	text[LISTEN_NICK + 10] = '\t';
	/* a two-byte character across the limit */
	memcpy(text + LISTEN_NICK + 11 + LISTEN_TEXT - 1, "\xc3\xa4", 2);
	assert_int_equal(listen_line_read(&format, text, &line, &why), LINE_MESSAGE);
	assert_int_equal(strlen(line.nick), LISTEN_NICK);
	assert_int_equal(strlen(line.text), LISTEN_TEXT - 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_split_as_a_shell_does),
		cmocka_unit_test(what_only_a_shell_understands_is_refused),
		cmocka_unit_test(a_format_names_its_fields),
		cmocka_unit_test(a_key_has_100_bytes),
		cmocka_unit_test(a_line_gives_text_nick_and_time),
		cmocka_unit_test(a_time_has_many_forms),
		cmocka_unit_test(text_and_nick_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
