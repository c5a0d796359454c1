/* SPDX-License-Identifier: MIT */
/* The event that the run of a command or a plugin becomes. */
#include "t/unit/unit.h"

#include "httpbroker/submit/report.h"

#include <string.h>

/* Compares the report of a command's end with `state|summary|details|perfdata`. */
static void assert_reported(enum command_end end, int value, const char *out, const char *err,
	enum exit_map map, const char *expected)
{
	const struct report_rules rules = {map, "warning"};
	struct command_result result = {
		.end = end, .value = value, .took = 1234567890, .limit = NSEC_PER_SEC};
	struct fields fields = {.time = FIELDS_NO_TIME};
	struct report report = {0};
	char found[512];

	buffer_append_text(&result.out.head, out);
	buffer_append_text(&result.err.head, err);
	report_make(&report, &result, &rules, "check", &fields);
	snprintf(found, sizeof found, "%s|%s|%s|%s", fields.state, fields.summary, fields.details,
		fields.perfdata != NULL ? fields.perfdata : "");
	assert_string_equal(found, expected);
	report_free(&report);
	command_result_free(&result);
}

static void output_is_reported_with_the_run_time(void **state)
{
	(void)state;
	assert_reported(COMMAND_EXITED, 0, "OK - fine|a=1\nmore\n", "noise\n", EXIT_MAP_PLUGIN,
		"ok|OK - fine|more|a=1 run_time=1.235s");
	assert_reported(COMMAND_EXITED, 1, "WARNING", "", EXIT_MAP_PLUGIN,
		"warning|WARNING||run_time=1.235s");
	assert_reported(
		COMMAND_EXITED, 3, "|a=1", "", EXIT_MAP_PLUGIN, "unknown|||a=1 run_time=1.235s");
}

static void the_exit_map_sets_the_state(void **state)
{
	(void)state;
	assert_reported(COMMAND_EXITED, 4, "x", "", EXIT_MAP_PLUGIN, "critical|x||run_time=1.235s");
	assert_reported(COMMAND_EXITED, 0, "x", "", EXIT_MAP_PLAIN, "ok|x||run_time=1.235s");
	assert_reported(COMMAND_EXITED, 1, "x", "", EXIT_MAP_PLAIN, "critical|x||run_time=1.235s");
}

static void empty_output_gets_a_summary(void **state)
{
	(void)state;
	assert_reported(
		COMMAND_EXITED, 0, "", "", EXIT_MAP_PLAIN, "ok|check: exit code 0 after 1.235 s||");
	assert_reported(COMMAND_EXITED, 2, " \n\n", "", EXIT_MAP_PLUGIN,
		"critical|check: exit code 2 after 1.235 s||");
	assert_reported(COMMAND_EXITED, 1, " \n", "disk full\nbye\n", EXIT_MAP_PLUGIN,
		"warning|disk full|bye|run_time=1.235s");
}

/* The last line of standard error usually has the reason. */
static void the_summary_of_a_failure_is_the_last_error_line(void **state)
{
	(void)state;
	assert_reported(COMMAND_EXITED, 1, "Starting backup\n", "error: refused\n", EXIT_MAP_PLAIN,
		"critical|error: refused|Starting backup|run_time=1.235s");
	assert_reported(COMMAND_EXITED, 1, "one\ntwo\n", "three\n four \n\n", EXIT_MAP_PLAIN,
		"critical|four|one\ntwo\nthree|run_time=1.235s");
	assert_reported(COMMAND_EXITED, 1, "one\ntwo\n", " \n", EXIT_MAP_PLAIN,
		"critical|two|one|run_time=1.235s");
	assert_reported(COMMAND_TIMED_OUT, 0, "one\ntwo", "", EXIT_MAP_PLAIN,
		"warning|check: timed out after 1 s: two|one|run_time=1.235s");
	assert_reported(COMMAND_EXITED, 2, "DISK CRITICAL|a=1\nmore", "why\n", EXIT_MAP_PLUGIN,
		"critical|DISK CRITICAL|more\nwhy|a=1 run_time=1.235s");
	assert_reported(COMMAND_EXITED, 1, "10%\r20%\rfailed", "", EXIT_MAP_PLAIN,
		"critical|failed|10%\n20%|run_time=1.235s");
}

static void only_plugin_output_is_split(void **state)
{
	(void)state;
	assert_reported(COMMAND_EXITED, 0, "\n a | b \nc | d\n", "", EXIT_MAP_PLAIN,
		"ok|a | b|c | d|run_time=1.235s");
	assert_reported(COMMAND_EXITED, 0, "fine\nmore", "noise\n", EXIT_MAP_PLAIN,
		"ok|fine|more\nnoise|run_time=1.235s");
	assert_reported(COMMAND_EXITED, 0, "", "noise\nmore", EXIT_MAP_PLAIN,
		"ok|noise|more|run_time=1.235s");
	assert_reported(COMMAND_EXITED, 1, "psql: FATAL | no", "", EXIT_MAP_PLAIN,
		"critical|psql: FATAL | no||run_time=1.235s");
}

static void signals_and_timeouts_are_reported(void **state)
{
	(void)state;
	assert_reported(COMMAND_TIMED_OUT, 0, "", "", EXIT_MAP_PLUGIN,
		"warning|check: timed out after 1 s||");
	assert_reported(COMMAND_TIMED_OUT, 0, "half\nmore", "", EXIT_MAP_PLUGIN,
		"warning|check: timed out after 1 s: half|more|run_time=1.235s");
	assert_reported(COMMAND_SIGNALLED, 9, "OK - fine", "", EXIT_MAP_PLUGIN,
		"critical|check: ended by signal 9 (Killed) after 1.235 s: OK - fine||"
		"run_time=1.235s");
	assert_reported(COMMAND_NOT_RUN, 2, "", "", EXIT_MAP_PLAIN,
		"critical|check: cannot be run: No such file or directory||");
}

static void a_cut_is_marked_and_splits_no_character(void **state)
{
	const struct report_rules rules = {EXIT_MAP_PLAIN, "critical"};
	struct command_result result = {.out.cut = true, .value = 1};
	struct fields fields = {.time = FIELDS_NO_TIME};
	struct report report = {0};

	(void)state;
	buffer_append_text(&result.out.head, "ab\xe2\x82");
	buffer_append_text(&result.out.tail, "\x82\xac"
					     "c\nd");
	report_make(&report, &result, &rules, "check", &fields);
	assert_string_equal(fields.details, "ab\xe2\x80\xa6"
					    "c");
	assert_string_equal(fields.summary, "d");
	report_free(&report);
	command_result_free(&result);
}

/* The broker would cut the end, which matters more. */
static void long_details_lose_their_middle(void **state)
{
	static char lines[60001];
	const struct report_rules rules = {EXIT_MAP_PLAIN, "critical"};
	struct command_result result = {.value = 1};
	struct fields fields = {.time = FIELDS_NO_TIME};
	struct report report = {0};

	(void)state;
	memset(lines, 'x', sizeof lines - 1);
	buffer_append_text(&result.out.head, "first\n");
	buffer_append_text(&result.out.head, lines);
	buffer_append_text(&result.err.head, lines);
	buffer_append_text(&result.err.head, "\nlast but one\nlast");
	report_make(&report, &result, &rules, "check", &fields);
	assert_string_equal(fields.summary, "last");
	assert_true(strlen(fields.details) <= 65536 && strlen(fields.details) > 65000);
	assert_memory_equal(fields.details, "first\nxxx", 9);
	assert_string_equal(strchr(fields.details + 6, '\n'), "\nlast but one");
	assert_non_null(strstr(fields.details, "x\xe2\x80\xa6x"));
	report_free(&report);
	command_result_free(&result);
}

static int code_of(enum command_end end, int value)
{
	const struct command_result result = {.end = end, .value = value};

	return command_exit_code(&result);
}

static void exit_codes_match_timeout_1(void **state)
{
	(void)state;
	assert_int_equal(code_of(COMMAND_EXITED, 7), 7);
	assert_int_equal(code_of(COMMAND_SIGNALLED, 9), 137);
	assert_int_equal(code_of(COMMAND_TIMED_OUT, 0), 124);
	assert_int_equal(code_of(COMMAND_NOT_RUN, 2), 127);
	assert_int_equal(code_of(COMMAND_NOT_RUN, 13), 126);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_reported_with_the_run_time),
		cmocka_unit_test(the_exit_map_sets_the_state),
		cmocka_unit_test(empty_output_gets_a_summary),
		cmocka_unit_test(signals_and_timeouts_are_reported),
		cmocka_unit_test(the_summary_of_a_failure_is_the_last_error_line),
		cmocka_unit_test(only_plugin_output_is_split),
		cmocka_unit_test(long_details_lose_their_middle),
		cmocka_unit_test(a_cut_is_marked_and_splits_no_character),
		cmocka_unit_test(exit_codes_match_timeout_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
