/* SPDX-License-Identifier: MIT */
/* The broker's list of checks, read in pieces, and the table that is made of it. */
#include "t/unit/unit.h"

#include "httpbroker/submit/rows.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(key, entity, check, state, more)                                              \
	"\"" key "\":{\"entity\":\"" entity "\",\"check\":\"" check "\",\"state\":\"" state \
	"\",\"reported\":\"ok\"" more "}"

static const char list[] = "{\n" CHECK("a:b", "a", "b", "ok",
	",\"summary\":\"s\",\"age\":5,\"ttl\":300,\"stale\":false") ",\n" CHECK("\\\":{:c",
	"\\\":{", "c", "WARNING",
	",\"summary\":\"\\u00fc|\\n\",\"age\":90,\"ttl\":-1,\"stale\":false") ",\n" CHECK("a:z",
	"a", "z", "unknown", ",\"summary\":\"\",\"age\":400,\"ttl\":300,\"stale\":true") "\n}\n";

static const char table[] =
	"UNKNOWN: 0 critical, 1 unknown, 1 warning, 1 ok, of these 1 stale | critical=0 unknown=1 "
	"warning=1 ok=1 stale=1\n"
	"STATE    ENTITY  CHECK  AGE    LEFT   SUMMARY\n"
	"unknown  a       z      6m40s  stale  was ok: \n"
	"warning  \":{     c      1m30s  -      \u00fc/ \n"
	"ok       a       b      5s     4m55s  s\n";

/* Feeds the list in pieces of `size` bytes; what is printed, to be freed. */
static char *printed(const struct query *query, const char *text, size_t size, int *code)
{
	struct reason why;
	struct rows *rows = rows_new(query, &why);
	size_t length = strlen(text), unused;
	char *out = NULL;
	FILE *file = open_memstream(&out, &unused);

	for (size_t at = 0; at < length; at += size)
		assert_true(
			rows_add(rows, text + at, at + size < length ? size : length - at, &why));
	assert_true(rows_finish(rows, &why));
	assert_true(rows_print(rows, file, code, &why));
	fclose(file);
	rows_free(rows);
	return out;
}

static void the_table_is_the_same_whatever_the_pieces(void **state)
{
	const struct query all = {.json = false};

	(void)state;
	for (size_t size = 1; size < 80; size += 13) {
		int code;
		char *text = printed(&all, list, size, &code);

		assert_string_equal(text, table);
		assert_int_equal(code, 3);
		free(text);
	}
}

/* An object of the list with these texts; the table's rows, to be freed. */
static char *rows_of(const char *objects)
{
	const struct query all = {.json = false};
	char text[1024];
	int code;

	snprintf(text, sizeof text, "{\n%s\n}\n", objects);
	char *out = printed(&all, text, 4096, &code);
	char *rows = strdup(strchr(out, '\n') + 1);
	free(out);
	return rows;
}

static void hidden_characters_are_shown(void **state)
{
	(void)state;
	char *rows = rows_of(CHECK("a:b", "db\\u200b-1", "gnp\\u202e.exe", "ok",
		",\"summary\":\"\\u2066a\\ufeff\\u2028\\u00ad\\udb40\\udc41 \\u00fc\\u001b[1m\","
		"\"age\":5,\"ttl\":-1"));
	assert_string_equal(rows, "STATE  ENTITY      CHECK          AGE  LEFT  SUMMARY\n"
				  "ok     db\\u200b-1  gnp\\u202e.exe  5s   -     "
				  "\\u2066a\\ufeff\\u2028\\u00ad\\U000e0041 \u00fc\n");
	free(rows);
}

static void columns_are_as_wide_as_they_look(void **state)
{
	(void)state;
	char *rows = rows_of(CHECK("a", "\u76e3\u8996\u76e3\u8996", "a", "ok",
		",\"age\":5,\"ttl\":-1") ",\n" CHECK("b", "e\u0301tat-long", "b", "ok",
		",\"age\":5,\"ttl\":-1"));
	assert_string_equal(rows, "STATE  ENTITY     CHECK  AGE  LEFT  SUMMARY\n"
				  "ok     \u76e3\u8996\u76e3\u8996   a      5s   -     \n"
				  "ok     e\u0301tat-long  b      5s   -     \n");
	free(rows);
}

static void globs_select_and_the_worst_state_is_the_code(void **state)
{
	const struct query query = {.entity = "?b*", .json = true};
	const struct query none = {.check = "x*"};
	int code;

	(void)state;
	char *text = printed(&query, list, 4096, &code);
	assert_int_equal(code, 3);
	assert_string_equal(text, "[]\n");
	free(text);
	text = printed(&(struct query){.entity = "*:{", .json = true}, list, 4096, &code);
	assert_int_equal(code, 1);
	assert_non_null(strstr(text, "[\n{\"entity\":\"\\\":{\",\"check\":\"c\""));
	free(text);
	text = printed(&none, "{}\n", 1, &code);
	assert_int_equal(code, 3);
	assert_string_equal(text, "UNKNOWN: no check matches\n");
	free(text);
}

static void assert_refused(const char *text, const char *words)
{
	const struct query all = {.json = false};
	struct reason why = {""};
	struct rows *rows = rows_new(&all, &why);

	assert_false(rows_add(rows, text, strlen(text), &why));
	assert_non_null(strstr(why.text, words));
	rows_free(rows);
}

static void anything_else_is_no_list(void **state)
{
	static const char no_list[] = "not a broker's list";

	(void)state;
	assert_refused("<html>\n", no_list);
	assert_refused("\n", no_list);
	assert_refused("{}\n{}\n", no_list);
	assert_refused("{\n\n", no_list);
	assert_refused("{\n,\n", no_list);
	assert_refused("{\n\"a\":[],\n", no_list);
	assert_refused("{\n\"a\n", no_list);
	assert_refused("{\n\"a\\\n", no_list);
	assert_refused("{\n\"a\":{}\n", "no state");
	assert_refused("{\n\"a\":{\"state\":\"acknowledgement\"}\n", "no state");
	char *longer = calloc(1, (1 << 20) + 2);
	memset(longer, 'x', (1 << 20) + 1);
	assert_refused(longer, "longer than 1048576 bytes");
	free(longer);
}

static void a_list_that_is_cut_short_is_not_complete(void **state)
{
	const struct query all = {.json = false};
	struct reason why = {""};
	struct rows *rows = rows_new(&all, &why);

	(void)state;
	assert_true(rows_add(rows, list, sizeof list - 3, &why));
	assert_false(rows_finish(rows, &why));
	rows_free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_the_same_whatever_the_pieces),
		cmocka_unit_test(hidden_characters_are_shown),
		cmocka_unit_test(columns_are_as_wide_as_they_look),
		cmocka_unit_test(globs_select_and_the_worst_state_is_the_code),
		cmocka_unit_test(anything_else_is_no_list),
		cmocka_unit_test(a_list_that_is_cut_short_is_not_complete),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
