/* SPDX-License-Identifier: MIT */
/* The line formats: Nagios results, send_nsca, external commands. */
#include "t/unit/unit.h"

#include "httpbroker/submit/line_formats.h"

#include <string.h>

/* Compares the result of a line: the event, or `!` and the reason. */
static void assert_line(
	line_translate *translate, char delimiter, const char *line, const char *expected)
{
	struct fields fields = {.time = FIELDS_NO_TIME};
	struct plugin_text parts = {0};
	struct buffer json = {NULL, 0, 0}, summary = {NULL, 0, 0};
	const struct line_context context = {delimiter, &parts, &summary};
	char copy[1024];
	struct reason why;

	snprintf(copy, sizeof copy, "%s", line);
	if (translate(copy, &context, &fields, &why))
		fields_write(&fields, &json);
	else
		buffer_printf(&json, "!%s", why.text);
	assert_string_equal(json.data, expected);
	buffer_free(&json);
	buffer_free(&summary);
	buffer_free(&parts.perfdata);
}

static void assert_translated(const char *line, const char *expected)
{
	assert_line(nagios_translate, '\t', line, expected);
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

static void nagios_states_depend_on_host_or_service(void **state)
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

static void nagios_output_may_contain_tabs(void **state)
{
	(void)state;
	assert_translated("[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0\ta\tb\tc\td\te",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"summary\":\"a\","
		"\"details\":\"c\\td\\te\",\"perfdata\":\"b\",\"time\":1}");
}

static void invalid_nagios_lines_are_refused(void **state)
{
	(void)state;
	assert_translated("hello", "!'hello' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab");
	assert_translated("[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0",
		"!7 fields between tabs where at least 8 are needed");
	assert_translated("[SERVICEPERFDATA]\t1\t\ts\tOK\t0\t0\t", "!the host's name is empty");
	assert_translated("[SERVICEPERFDATA]\t1\th\t\tOK\t0\t0\t", "!the service's name is empty");
	assert_translated("[SERVICEPERFDATA]\tnow\th\ts\tOK\t0\t0\t",
		"!'s' on 'h': time: 'now' is not a time in seconds since the epoch");
}

static void assert_nsca(const char *line, const char *expected)
{
	assert_line(nsca_translate, '\t', line, expected);
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
}

/* As in Nagios: any other return code is UNKNOWN. */
static void other_return_codes_are_unknown_and_shown(void **state)
{
	static const struct {
		const char *code, *service, *summary;
	} cases[] = {
		{"-1", "unknown", "return code -1: x"},
		{"4", "unknown", "return code 4: x"},
		{"127", "unknown", "return code 127: x"},
		{"256", "unknown", "return code 256: x"},
		{"99999999999999999999", "unknown", "return code 9223372036854775807: x"},
		{" 2", "critical", "x"},
		{"2 ", "critical", "x"},
		{"2\r", "critical", "x"},
		{"+2", "critical", "x"},
		{"00", "ok", "x"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char line[256], expected[256];

		snprintf(line, sizeof line, "h\ts\t%s\tx", cases[i].code);
		snprintf(expected, sizeof expected,
			"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"%s\",\"summary\":\"%s\"}",
			cases[i].service, cases[i].summary);
		assert_line(nsca_translate, '\t', line, expected);
		snprintf(line, sizeof line, "[1] PROCESS_SERVICE_CHECK_RESULT;h;s;%s;x",
			cases[i].code);
		snprintf(expected, sizeof expected,
			"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"%s\",\"summary\":\"%s\","
			"\"time\":1}",
			cases[i].service, cases[i].summary);
		assert_line(extcmd_translate, '\t', line, expected);
	}
	assert_nsca("h\t-1\t", "{\"entity\":\"h\",\"check\":\"HOST\",\"state\":\"critical\","
			       "\"summary\":\"return code -1\"}");
	assert_nsca("h\t0\t1024\tMB free", "{\"entity\":\"h\",\"check\":\"HOST\",\"state\":"
					   "\"ok\",\"summary\":\"1024 MB free\"}");
}

static void times_may_have_fractions_and_blanks(void **state)
{
	(void)state;
	assert_line(extcmd_translate, '\t', "[1795224305.75] PROCESS_HOST_CHECK_RESULT;h;0;",
		"{\"entity\":\"h\",\"check\":\"HOST\",\"state\":\"ok\",\"time\":1795224305}");
	assert_line(extcmd_translate, '\t', "[ 7 ] PROCESS_HOST_CHECK_RESULT;h;0;",
		"{\"entity\":\"h\",\"check\":\"HOST\",\"state\":\"ok\",\"time\":7}");
	assert_translated("[SERVICEPERFDATA]\t7.000001\th\ts\tOK\t0\t0\t",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"time\":7}");
	assert_line(extcmd_translate, '\t', "[7.] PROCESS_HOST_CHECK_RESULT;h;0;",
		"!time: '7.' is not a time in seconds since the epoch");
	assert_line(extcmd_translate, '\t', "[-7] PROCESS_HOST_CHECK_RESULT;h;0;",
		"!time: '-7' is not a time in seconds since the epoch");
	assert_line(extcmd_translate, '\t', "[1234567890123456789] PROCESS_HOST_CHECK_RESULT;h;0;",
		"!time: '1234567890123456789' is too large");
}

static void nsca_output_may_hold_delimiters_and_newlines(void **state)
{
	(void)state;
	assert_nsca("db\tx\t3\ta\tb\\nc\\\\n\td",
		"{\"entity\":\"db\",\"check\":\"x\",\"state\":\"unknown\",\"summary\":\"a b\","
		"\"details\":\"c\\\\n\\td\"}");
	assert_nsca("db\t1\tdown\tsince 3", "{\"entity\":\"db\",\"check\":\"HOST\","
					    "\"state\":\"critical\",\"summary\":\"down since 3\"}");
	assert_nsca("db\t7\t0\tfine", "{\"entity\":\"db\",\"check\":\"7\",\"state\":\"ok\","
				      "\"summary\":\"fine\"}");
}

static void invalid_nsca_lines_are_refused(void **state)
{
	(void)state;
	assert_nsca("db\t0", "!fewer than three fields between delimiters");
	assert_nsca("db;x;0;fine", "!fewer than three fields between delimiters");
	assert_nsca("\tx\t0\tfine", "!the host's name is empty");
	assert_nsca("db\t\t0\tfine", "!the service's name is empty");
	assert_nsca("db\tx\tOK\tfine", "!'x' on 'db': return code: 'OK' is not a whole number");
	assert_nsca("db\tx\t2x\tfine", "!'x' on 'db': return code: '2x' is not a whole number");
	assert_nsca("db\tx\t\tfine", "!'x' on 'db': return code: '' is not a whole number");
	assert_nsca("db\tx\t \tfine", "!'x' on 'db': return code: ' ' is not a whole number");
}

static void nsca_delimiters_are_configurable(void **state)
{
	(void)state;
	assert_line(nsca_translate, ';', "db;x;0;a\tb;c",
		"{\"entity\":\"db\",\"check\":\"x\",\"state\":\"ok\",\"summary\":\"a b;c\"}");
}

static void assert_extcmd(const char *line, const char *expected)
{
	assert_line(extcmd_translate, '\t', line, expected);
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
	assert_extcmd("[now] PROCESS_HOST_CHECK_RESULT;db;0;up",
		"!time: 'now' is not a time in seconds since the epoch");
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
		cmocka_unit_test(nagios_states_depend_on_host_or_service),
		cmocka_unit_test(nagios_long_output_is_unescaped),
		cmocka_unit_test(nagios_output_may_contain_tabs),
		cmocka_unit_test(invalid_nagios_lines_are_refused),
		cmocka_unit_test(nsca_lines_become_events),
		cmocka_unit_test(other_return_codes_are_unknown_and_shown),
		cmocka_unit_test(times_may_have_fractions_and_blanks),
		cmocka_unit_test(nsca_output_may_hold_delimiters_and_newlines),
		cmocka_unit_test(invalid_nsca_lines_are_refused),
		cmocka_unit_test(nsca_delimiters_are_configurable),
		cmocka_unit_test(external_commands_become_events),
		cmocka_unit_test(other_external_commands_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
