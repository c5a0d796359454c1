/* SPDX-License-Identifier: MIT */
/* The parts of a path, and the texts of an encoded event. */
#include "t/unit/unit.h"

#include "httpbroker/checks/encode.h"
#include "httpbroker/http/routes.h"

#include <stdlib.h>
#include <string.h>

/* `parts`: each part in brackets, or a word. */
static void assert_path(const char *target, const char *parts)
{
	struct path *path = path_read(target);
	char text[256] = "";

	if (path == NULL)
		strcpy(text, "elsewhere");
	else if (path->broken)
		strcpy(text, "broken");
	else if (path->count > PATH_PARTS)
		strcpy(text, "too many");
	const unsigned count = text[0] == '\0' ? path->count : 0;
	for (unsigned i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "[%.*s]",
			(int)path->parts[i].length, path->parts[i].bytes);
	assert_string_equal(text, parts);
	path_free(path);
}

static void a_path_is_split_before_it_is_decoded(void **state)
{
	(void)state;
	assert_path("/state/db-01/backup", "[db-01][backup]");
	assert_path("/state/db-01/backup?a=b/c", "[db-01][backup]");
	assert_path("/state/a%2Fb/c%2fd+%25", "[a/b][c/d+%]");
	assert_path("/state/%c3%bc:1/%E2%82%AC", "[ü:1][€]");
	assert_path("/state/", "[]");
	assert_path("/state//", "[][]");
	assert_path("/state/a/b/c/d", "[a][b][c][d]");
	assert_path("/state/a/b/c/d/e", "too many");
	assert_path("/state/a/b/c/d/e/f/%", "too many");
}

static void a_bad_escape_is_noticed(void **state)
{
	(void)state;
	assert_path("/state/a%/b", "broken");
	assert_path("/state/a%4/b", "broken");
	assert_path("/state/a/%4g", "broken");
	assert_path("/state/a/%-1", "broken");
	assert_path("/state/a/b%2", "broken");
}

static void assert_ping(const char *target, const char *token, const char *shown, unsigned count)
{
	struct path *path = path_read(target);

	assert_non_null(path);
	assert_true(path->ping && !path->broken);
	assert_int_equal(path->count, count);
	assert_string_equal(path->shown, shown);
	if (token == NULL)
		assert_null(path->token.bytes);
	else
		assert_memory_equal(path->token.bytes, token, strlen(token));
	assert_int_equal(path->token.length, token != NULL ? strlen(token) : 0);
	path_free(path);
}

static void a_token_is_taken_from_a_ping_and_not_shown(void **state)
{
	(void)state;
	assert_ping("/ping/db/backup/start?rid=x", NULL, "/ping/db/backup/start", 3);
	assert_ping("/ping/@secret/db/a%2Fb", "secret", "/ping/@***/db/a%2Fb", 2);
	assert_ping("/ping/@se%2Fcr%40et/db/b/7", "se/cr@et", "/ping/@***/db/b/7", 3);
	assert_ping("/ping/%40db/b", NULL, "/ping/@***", 2);
	assert_ping("/ping/@/db/b", "", "/ping/@***/db/b", 2);
	assert_ping("/ping/@secret", "secret", "/ping/@***/", 1);
	assert_ping("/ping/db/@secret/b", NULL, "/ping/db/@***", 3);
	assert_ping("/ping//@secret/b", NULL, "/ping//@***", 3);
	assert_ping("/ping/@secret/@other/b/c", "secret", "/ping/@***/@***", 3);
	struct path *path = path_read("/state/@a/b");
	assert_null(path->token.bytes);
	assert_int_equal(path->count, 2);
	path_free(path);
	path = path_read("/ping/@se%2/db/b");
	assert_true(path->broken);
	path_free(path);
}

static void other_paths_are_not_split(void **state)
{
	(void)state;
	assert_path("/state", "elsewhere");
	assert_path("/%73tate/a/b", "elsewhere");
	assert_path("/state?/state/a/b", "elsewhere");
	assert_path("", "elsewhere");
}

static void assert_line(const char *text, const char *line)
{
	struct buffer json = {NULL, 0, 0}, out = {NULL, 0, 0};

	jsontext_string(&json, text, strlen(text));
	buffer_append(&out, "", 0);
	jsontext_line(&out, json.data + 1, json.length - 2);
	assert_string_equal(out.data != NULL ? out.data : "", line);
	buffer_free(&json);
	buffer_free(&out);
}

static void a_string_of_json_becomes_a_line(void **state)
{
	(void)state;
	assert_line("", "");
	assert_line("plain", "plain");
	assert_line("a \"b\" \\c\\", "a \"b\" \\c\\");
	assert_line("a\nb\tc\rd", "a b c d");
	assert_line("\x01ü\x02\x03", " ü  ");
	assert_line("\\u0041\\n", "\\u0041\\n");
}

static void an_encoded_event_gives_its_state_and_summary(void **state)
{
	struct buffer out = {NULL, 0, 0};
	struct event event;

	(void)state;
	event_init(&event);
	event.entity = text_literal("a\"");
	event.check = text_literal("c");
	event.state_text = text_literal("CRITICAL");
	event.state = STATE_CRITICAL;
	event.summary = text_literal("say \"no\", \\");
	event.details = text_literal("\",\"summary\":\"x\"");
	const struct encoded encoded = encoded_make(&event, 2, &out);
	const struct text word = encoded_state(&encoded), summary = encoded_summary(&encoded);
	assert_int_equal(word.length, 8);
	assert_memory_equal(word.bytes, "CRITICAL", 8);
	static const char expected[] = "say \\\"no\\\", \\\\";
	assert_int_equal(summary.length, sizeof expected - 1);
	assert_memory_equal(summary.bytes, expected, sizeof expected - 1);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_split_before_it_is_decoded),
		cmocka_unit_test(a_bad_escape_is_noticed),
		cmocka_unit_test(a_token_is_taken_from_a_ping_and_not_shown),
		cmocka_unit_test(other_paths_are_not_split),
		cmocka_unit_test(a_string_of_json_becomes_a_line),
		cmocka_unit_test(an_encoded_event_gives_its_state_and_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
