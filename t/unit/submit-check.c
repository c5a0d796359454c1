/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "httpbroker/submit/check/report.h"

#include <string.h>

/* What a command's end is reported as: `state|summary|details|perfdata`. */
static void assert_reported(enum command_end end, int value, const char *out, const char *err,
	enum exit_map map, const char *expected)
{
	const struct report_rules rules = {map, "warning"};
	struct command_result result = {
		.end = end, .value = value, .took = 1234567890, .limit = NSEC_PER_SEC};
	struct draft draft = {.time = DRAFT_NO_TIME};
	struct report report = {0};
	char found[512];

	buffer_append_text(&result.out, out);
	buffer_append_text(&result.err, err);
	report_make(&report, &result, &rules, "check", &draft);
	snprintf(found, sizeof found, "%s|%s|%s|%s", draft.state, draft.summary, draft.details,
		draft.perfdata != NULL ? draft.perfdata : "");
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

static void the_exit_map_says_the_state(void **state)
{
	(void)state;
	assert_reported(COMMAND_EXITED, 4, "x", "", EXIT_MAP_PLUGIN, "critical|x||run_time=1.235s");
	assert_reported(COMMAND_EXITED, 0, "x", "", EXIT_MAP_PLAIN, "ok|x||run_time=1.235s");
	assert_reported(COMMAND_EXITED, 1, "x", "", EXIT_MAP_PLAIN, "critical|x||run_time=1.235s");
}

static void silence_is_put_into_words(void **state)
{
	(void)state;
	assert_reported(
		COMMAND_EXITED, 0, "", "", EXIT_MAP_PLAIN, "ok|check: exit code 0 after 1.235 s||");
	assert_reported(COMMAND_EXITED, 2, " \n\n", "", EXIT_MAP_PLUGIN,
		"critical|check: exit code 2 after 1.235 s||");
	assert_reported(COMMAND_EXITED, 1, "", "disk full\nbye\n", EXIT_MAP_PLAIN,
		"critical|disk full|bye|run_time=1.235s");
}

static void ends_of_other_kinds_are_named(void **state)
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

static void a_cut_is_shown_and_hurts_no_character(void **state)
{
	const struct report_rules rules = {EXIT_MAP_PLUGIN, "critical"};
	struct command_result result = {.cut = true};
	struct draft draft = {.time = DRAFT_NO_TIME};
	struct report report = {0};

	(void)state;
	buffer_append_text(&result.out, "ab\xe2\x82");
	report_make(&report, &result, &rules, "check", &draft);
	assert_string_equal(draft.summary, "ab\xe2\x80\xa6");
	report_free(&report);
	command_result_free(&result);
}

static int code_of(enum command_end end, int value)
{
	const struct command_result result = {.end = end, .value = value};

	return command_exit_code(&result);
}

static void exit_codes_are_those_of_timeout(void **state)
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
		cmocka_unit_test(the_exit_map_says_the_state),
		cmocka_unit_test(silence_is_put_into_words),
		cmocka_unit_test(ends_of_other_kinds_are_named),
		cmocka_unit_test(a_cut_is_shown_and_hurts_no_character),
		cmocka_unit_test(exit_codes_are_those_of_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
