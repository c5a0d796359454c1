/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "httpbroker/submit/formats/format.h"

#include <string.h>

/* What a line becomes: the event, or `!` and the reason. */
static void assert_becomes(
	format_translate *translate, char delimiter, const char *line, const char *expected)
{
	struct draft draft = {.time = DRAFT_NO_TIME};
	struct plugin_text parts = {0};
	const struct format_context context = {delimiter, &parts};
	struct buffer json = {NULL, 0, 0};
	char copy[1024];
	struct reason why;

	snprintf(copy, sizeof copy, "%s", line);
	if (translate(copy, &context, &draft, &why))
		draft_write(&draft, &json);
	else
		buffer_printf(&json, "!%s", why.text);
	assert_string_equal(json.data, expected);
	buffer_free(&json);
	buffer_free(&parts.perfdata);
}

static void assert_translated(const char *line, const char *expected)
{
	assert_becomes(nagios_translate, '\t', line, expected);
}

static void nagios_lines_become_events(void **state)
{
	(void)state;
	assert_translated("[SERVICEPERFDATA]\t1795224305\tdb-01\tload\tWARNING\t0.001\t0.002\t"
			  "WARNING - load 5\tload1=5;4;8\tlong",
		"{\"entity\":\"db-01\",\"check\":\"load\",\"state\":\"warning\","
		"\"summary\":\"WARNING - load 5\",\"details\":\"long\",\"perfdata\":\"load1=5;4;8\","
		"\"time\":1795224305}");
	assert_translated("[HOSTPERFDATA]\t7\tdb-01\tHOST\tUNREACHABLE\t\t\tgone\t\t",
		"{\"entity\":\"db-01\",\"check\":\"HOST\",\"state\":\"critical\",\"summary\":\"gone\","
		"\"time\":7}");
	assert_translated("[SERVICEPERFDATA]\t7\th\ts\tOK\t0\t0\t",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"time\":7}");
}

static void nagios_states_are_those_of_their_kind(void **state)
{
	static const struct {
		const char *kind, *state, *expected;
	} cases[] = {
		{"SERVICE", "OK", "ok"},
		{"SERVICE", "WARNING", "warning"},
		{"SERVICE", "CRITICAL", "critical"},
		{"SERVICE", "UNKNOWN", "unknown"},
		{"HOST", "UP", "ok"},
		{"HOST", "DOWN", "critical"},
		{"HOST", "UNREACHABLE", "critical"},
		{"SERVICE", "UP", NULL},
		{"HOST", "OK", NULL},
		{"SERVICE", "ok", NULL},
		{"SERVICE", "", NULL},
		{"SERVICE", "$SERVICESTATE$", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char line[256], expected[256];

		snprintf(line, sizeof line, "[%sPERFDATA]\t1\th\ts\t%s\t0\t0\t", cases[i].kind,
			cases[i].state);
		if (cases[i].expected != NULL)
			snprintf(expected, sizeof expected,
				"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"%s\",\"time\":1}",
				cases[i].expected);
		else
			snprintf(expected, sizeof expected,
				"!'s' on 'h': '%s' is not a state of a [%sPERFDATA] line",
				cases[i].state, cases[i].kind);
		assert_translated(line, expected);
	}
}

static void nagios_long_output_is_unescaped(void **state)
{
	(void)state;
	assert_translated(
		"[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0\tC:\\new\tp=\\n\tC:\\\\new\\nline\\x\\",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"summary\":\"C:\\\\new\","
		"\"details\":\"C:\\\\new\\nline\\\\x\\\\\",\"perfdata\":\"p=\\\\n\",\"time\":1}");
}

static void nagios_tabs_in_output_lose_nothing(void **state)
{
	(void)state;
	assert_translated("[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0\ta\tb\tc\td\te",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"summary\":\"a\","
		"\"details\":\"c\\td\\te\",\"perfdata\":\"b\",\"time\":1}");
}

static void nagios_refuses_the_rest(void **state)
{
	(void)state;
	assert_translated("hello", "!'hello' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab");
	assert_translated("[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0",
		"!7 fields between tabs where at least 8 are needed");
	assert_translated("[SERVICEPERFDATA]\t1\t\ts\tOK\t0\t0\t", "!the host's name is empty");
	assert_translated("[SERVICEPERFDATA]\t1\th\t\tOK\t0\t0\t", "!the service's name is empty");
	assert_translated("[SERVICEPERFDATA]\tnow\th\ts\tOK\t0\t0\t",
		"!'s' on 'h': time: 'now' is not a whole number");
}

static void assert_nsca(const char *line, const char *expected)
{
	assert_becomes(nsca_translate, '\t', line, expected);
}

static void nsca_lines_become_events(void **state)
{
	(void)state;
	assert_nsca("db\tload\t1\tWARNING - 5|load1=5;4;8",
		"{\"entity\":\"db\",\"check\":\"load\",\"state\":\"warning\","
		"\"summary\":\"WARNING - 5\",\"perfdata\":\"load1=5;4;8\"}");
	assert_nsca("db\t2\tgone", "{\"entity\":\"db\",\"check\":\"HOST\",\"state\":\"critical\","
				   "\"summary\":\"gone\"}");
	assert_nsca("db\t0\t", "{\"entity\":\"db\",\"check\":\"HOST\",\"state\":\"ok\"}");
	assert_nsca("db\tx\t0\t", "{\"entity\":\"db\",\"check\":\"x\",\"state\":\"ok\"}");
	assert_nsca("db\tx\t127\t", "{\"entity\":\"db\",\"check\":\"x\",\"state\":\"critical\"}");
}

static void nsca_output_may_hold_delimiters_and_newlines(void **state)
{
	(void)state;
	assert_nsca("db\tx\t3\ta\tb\\nc\\\\n\td",
		"{\"entity\":\"db\",\"check\":\"x\",\"state\":\"unknown\",\"summary\":\"a\\tb\","
		"\"details\":\"c\\\\n\\td\"}");
	assert_nsca("db\t1\tdown\tsince 3",
		"{\"entity\":\"db\",\"check\":\"HOST\","
		"\"state\":\"critical\",\"summary\":\"down\\tsince 3\"}");
	assert_nsca("db\t7\t0\tfine", "{\"entity\":\"db\",\"check\":\"7\",\"state\":\"ok\","
				      "\"summary\":\"fine\"}");
}

static void nsca_refuses_the_rest(void **state)
{
	(void)state;
	assert_nsca("db\t0", "!fewer than three fields between delimiters");
	assert_nsca("db;x;0;fine", "!fewer than three fields between delimiters");
	assert_nsca("\tx\t0\tfine", "!the host's name is empty");
	assert_nsca("db\t\t0\tfine", "!the service's name is empty");
	assert_nsca("db\tx\tOK\tfine", "!'x' on 'db': return code: 'OK' is not a whole number");
	assert_nsca("db\tx\t-1\tfine", "!'x' on 'db': return code: -1 is not from 0 to 255");
}

static void nsca_takes_other_delimiters(void **state)
{
	(void)state;
	assert_becomes(nsca_translate, ';', "db;x;0;a\tb;c",
		"{\"entity\":\"db\",\"check\":\"x\",\"state\":\"ok\",\"summary\":\"a\\tb;c\"}");
}

static void assert_extcmd(const char *line, const char *expected)
{
	assert_becomes(extcmd_translate, '\t', line, expected);
}

static void external_commands_become_events(void **state)
{
	(void)state;
	assert_extcmd(
		"[1795224305] PROCESS_SERVICE_CHECK_RESULT;db;disk;2;full; quite|/=99%\\nlong",
		"{\"entity\":\"db\",\"check\":\"disk\",\"state\":\"critical\","
		"\"summary\":\"full; quite\",\"details\":\"long\",\"perfdata\":\"/=99%\","
		"\"time\":1795224305}");
	assert_extcmd("[7] PROCESS_HOST_CHECK_RESULT;db;0;up",
		"{\"entity\":\"db\",\"check\":\"HOST\",\"state\":\"ok\",\"summary\":\"up\","
		"\"time\":7}");
	assert_extcmd("[7] PROCESS_HOST_CHECK_RESULT;db;2;",
		"{\"entity\":\"db\",\"check\":\"HOST\",\"state\":\"critical\",\"time\":7}");
}

static void other_external_commands_are_refused(void **state)
{
	(void)state;
	assert_extcmd("[7] ADD_HOST_COMMENT;db;1;me;x",
		"!'ADD_HOST_COMMENT' is not PROCESS_SERVICE_CHECK_RESULT or "
		"PROCESS_HOST_CHECK_RESULT");
	assert_extcmd("PROCESS_HOST_CHECK_RESULT;db;0;up",
		"!'PROCESS_HOST_CHECK_RESULT;db;0;up' does not begin with [TIME]");
	assert_extcmd(
		"[now] PROCESS_HOST_CHECK_RESULT;db;0;up", "!time: 'now' is not a whole number");
	assert_extcmd("[7] PROCESS_HOST_CHECK_RESULT;db;0",
		"!a host result has 4 fields between semicolons");
	assert_extcmd("[7] PROCESS_SERVICE_CHECK_RESULT;db;disk;0",
		"!a service result has 5 fields between semicolons");
	assert_extcmd("[7]", "!'' is not PROCESS_SERVICE_CHECK_RESULT or "
			     "PROCESS_HOST_CHECK_RESULT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nagios_lines_become_events),
		cmocka_unit_test(nagios_states_are_those_of_their_kind),
		cmocka_unit_test(nagios_long_output_is_unescaped),
		cmocka_unit_test(nagios_tabs_in_output_lose_nothing),
		cmocka_unit_test(nagios_refuses_the_rest),
		cmocka_unit_test(nsca_lines_become_events),
		cmocka_unit_test(nsca_output_may_hold_delimiters_and_newlines),
		cmocka_unit_test(nsca_refuses_the_rest),
		cmocka_unit_test(nsca_takes_other_delimiters),
		cmocka_unit_test(external_commands_become_events),
		cmocka_unit_test(other_external_commands_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
