/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/line_formats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * The lines that Nagios writes with the templates of doc/examples/nagios: fields between tabs,
 *
 *     [SERVICEPERFDATA] TIMET HOST SERVICE STATE EXECTIME LATENCY OUTPUT PERFDATA [LONGOUTPUT]
 *     [HOSTPERFDATA]    TIMET HOST HOST    STATE EXECTIME LATENCY OUTPUT PERFDATA [LONGOUTPUT]
 *
 * where the second HOST is that word. In LONGOUTPUT alone Nagios 4 writes a newline as `\n` and
 * a backslash as `\\`. A tab in a plugin's output shifts what is behind it: nothing is lost, but
 * it may land in the event's perfdata or details.
 */

enum field {
	FIELD_KIND,
	FIELD_TIME,
	FIELD_HOST,
	FIELD_CHECK,
	FIELD_STATE,
	FIELD_EXECUTION_TIME,
	FIELD_LATENCY,
	FIELD_OUTPUT,
	FIELD_PERFDATA,
	FIELD_LONG_OUTPUT,
	FIELDS,
};

#define FIELDS_NEEDED (FIELD_OUTPUT + 1) /* a template may leave out the rest */

static const struct {
	const char *kind;  /* of line */
	const char *state; /* in Nagios */
	const char *event; /* in Flapjack */
} states[] = {
	{"[SERVICEPERFDATA]", "OK", "ok"},
	{"[SERVICEPERFDATA]", "WARNING", "warning"},
	{"[SERVICEPERFDATA]", "CRITICAL", "critical"},
	{"[SERVICEPERFDATA]", "UNKNOWN", "unknown"},
	{"[HOSTPERFDATA]", "UP", "ok"},
	{"[HOSTPERFDATA]", "DOWN", "critical"},
	{"[HOSTPERFDATA]", "UNREACHABLE", "critical"},
};

#define STATES (sizeof states / sizeof states[0])

/* Splits at tabs; the last field takes the rest with its tabs. Missing ones are empty. */
static int columns_split(char *line, char *columns[FIELDS])
{
	int count = 0;

	while (line != NULL && count < FIELDS - 1)
		columns[count++] = strsep(&line, "\t");
	if (line != NULL)
		columns[count++] = line;
	for (int i = count; i < FIELDS; i++)
		columns[i] = columns[count - 1] + strlen(columns[count - 1]);
	return count;
}

static bool kind_known(const char *kind)
{
	for (size_t i = 0; i < STATES; i++)
		if (strcmp(kind, states[i].kind) == 0)
			return true;
	return false;
}

/* NULL if such a line has no such state. */
static const char *state_of(char *const columns[FIELDS])
{
	for (size_t i = 0; i < STATES; i++)
		if (strcmp(columns[FIELD_KIND], states[i].kind) == 0 &&
			strcmp(columns[FIELD_STATE], states[i].state) == 0)
			return states[i].event;
	return NULL;
}

/* A service of NULL: the host itself. */
static bool names_check(const char *host, const char *service, struct reason *why)
{
	if (host[0] == '\0')
		return reason_set(why, "the host's name is empty");
	if (service != NULL && service[0] == '\0')
		return reason_set(why, "the service's name is empty");
	return true;
}

static bool layout_check(char *const columns[FIELDS], int count, struct reason *why)
{
	if (!kind_known(columns[FIELD_KIND]))
		return reason_set(why,
			"'%.40s' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab",
			columns[FIELD_KIND]);
	if (count < FIELDS_NEEDED)
		return reason_set(why, "%d fields between tabs where at least %d are needed", count,
			FIELDS_NEEDED);
	return names_check(columns[FIELD_HOST], columns[FIELD_CHECK], why);
}

static bool values_read(
	char *const columns[FIELDS], const char **state, int64_t *time, struct reason *why)
{
	*state = state_of(columns);
	if (*state == NULL)
		return reason_set(why, "'%.40s' is not a state of a %s line", columns[FIELD_STATE],
			columns[FIELD_KIND]);
	if (!fields_time_read(columns[FIELD_TIME], time, why))
		return reason_prefix(why, "time");
	return true;
}

bool nagios_translate(
	char *line, const struct line_context *context, struct fields *fields, struct reason *why)
{
	char *columns[FIELDS];

	(void)context;
	if (!layout_check(columns, columns_split(line, columns), why))
		return false;
	if (!values_read(columns, &fields->state, &fields->time, why))
		return reason_prefix(
			why, "'%.80s' on '%.80s'", columns[FIELD_CHECK], columns[FIELD_HOST]);
	plugin_unescape(columns[FIELD_LONG_OUTPUT]);
	fields->entity = columns[FIELD_HOST];
	fields->check = columns[FIELD_CHECK];
	fields->summary = columns[FIELD_OUTPUT];
	fields->details = columns[FIELD_LONG_OUTPUT];
	fields->perfdata = columns[FIELD_PERFDATA];
	return true;
}

/* A result of nsca and extcmd. */
struct result {
	const char *host;
	const char *service; /* NULL: the result is of the host */
	const char *code;    /* a whole number; a sign and blanks around it are permitted */
	char *output;        /* a plugin's, with `\n` for a newline */
};

#define BLANKS " \t\r"

/* Reads a return code as Nagios does. False: it is no number. */
static bool result_code(const char *text, int64_t *code)
{
	char *end;

	*code = strtoll(text, &end, 10); /* too large a number is no plugin's code */
	return end != text && end[strspn(end, BLANKS)] == '\0';
}

/* The output's parts; a code that no plugin exits with is put before the summary. */
static void output_set(
	char *output, int64_t code, const struct line_context *context, struct fields *fields)
{
	plugin_unescape(output);
	plugin_split(output, context->parts);
	fields->summary = context->parts->summary;
	fields->details = context->parts->details;
	fields->perfdata = context->parts->perfdata.data;
	if (code >= 0 && code <= 3)
		return;
	buffer_clear(context->summary);
	buffer_printf(context->summary, "return code %" PRId64 "%s%s", code,
		fields->summary[0] != '\0' ? ": " : "", fields->summary);
	fields->summary = context->summary->data;
}

/*
 * A service's code is a plugin's exit code; others are unknown. A host is up with 0, down with any
 * other code, and its check is named HOST.
 */
static bool result_translate(const struct result *result, const struct line_context *context,
	struct fields *fields, struct reason *why)
{
	bool host = result->service == NULL;
	int64_t code;

	if (!names_check(result->host, result->service, why))
		return false;
	fields->entity = result->host;
	fields->check = host ? "HOST" : result->service;
	if (!result_code(result->code, &code))
		return reason_set(why,
			"'%.80s' on '%.80s': return code: '%.40s' is not a whole number",
			fields->check, fields->entity, result->code);
	bool plugins = code >= 0 && code <= 3;
	if (host)
		fields->state = code == 0 ? "ok" : "critical";
	else
		fields->state = plugins ? plugin_state(code) : "unknown";
	output_set(result->output, code, context, fields);
	return true;
}

/*
 * The input of send_nsca(1), fields between delimiters (by default a tab):
 *
 *     HOST SERVICE CODE OUTPUT
 *     HOST CODE OUTPUT
 *
 * OUTPUT is the rest of the line with its delimiters. Older programs put each result on its line,
 * send_nsca 2.10 and nsca-ng put ETB between results: both are accepted.
 */

static bool is_code(const char *text)
{
	int64_t code;

	return result_code(text, &code);
}

/* One that a plugin may exit with. */
static bool is_exit_code(const char *text)
{
	int64_t code;

	return result_code(text, &code) && code >= 0 && code <= 255;
}

/* The next field, cut off at its delimiter; NULL if there is none. */
static char *field_next(char **rest, char delimiter)
{
	const char delimiters[] = {delimiter, '\0'};

	return *rest != NULL ? strsep(rest, delimiters) : NULL;
}

bool nsca_translate(
	char *line, const struct line_context *context, struct fields *fields, struct reason *why)
{
	char *rest = line;
	char *host = field_next(&rest, context->delimiter);
	char *second = field_next(&rest, context->delimiter);
	char *host_output = rest;
	struct result result = {.host = host, .code = second, .output = host_output};

	if (host_output == NULL)
		return reason_set(why, "fewer than three fields between delimiters");
	size_t length = strcspn(host_output, (const char[]){context->delimiter, '\0'});
	bool fourth = host_output[length] != '\0';
	host_output[length] = '\0';
	/* a host's output may hold delimiters: then the third field is no code, or a number that
	 * no plugin exits with */
	if (fourth && (is_exit_code(host_output) || !is_code(second)))
		result = (struct result){host, second, host_output, host_output + length + 1};
	else if (fourth)
		host_output[length] = context->delimiter;
	return result_translate(&result, context, fields, why);
}

/*
 * The check results among the commands that are written to Nagios's command file
 * (https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/extcommands.html):
 *
 *     [TIME] PROCESS_SERVICE_CHECK_RESULT;HOST;SERVICE;CODE;OUTPUT
 *     [TIME] PROCESS_HOST_CHECK_RESULT;HOST;CODE;OUTPUT
 */

/* Reads `[TIME] ` and moves *line behind it. */
static bool time_read(char **line, int64_t *time, struct reason *why)
{
	char *close = strchr(*line, ']');

	if (**line != '[' || close == NULL)
		return reason_set(why, "'%.40s' does not begin with [TIME]", *line);
	*close = '\0';
	if (!fields_time_read(*line + 1, time, why))
		return reason_prefix(why, "time");
	*line = close + 1;
	*line += strspn(*line, " \t");
	return true;
}

static bool command_known(const char *command, bool *service, struct reason *why)
{
	*service = strcmp(command, "PROCESS_SERVICE_CHECK_RESULT") == 0;
	if (*service || strcmp(command, "PROCESS_HOST_CHECK_RESULT") == 0)
		return true;
	return reason_set(why,
		"'%.60s' is not PROCESS_SERVICE_CHECK_RESULT or PROCESS_HOST_CHECK_RESULT",
		command);
}

bool extcmd_translate(
	char *line, const struct line_context *context, struct fields *fields, struct reason *why)
{
	struct result result = {NULL, NULL, NULL, NULL};
	bool service;

	if (!time_read(&line, &fields->time, why))
		return false;
	char *rest = line;
	if (!command_known(strsep(&rest, ";"), &service, why))
		return false;
	result.host = strsep(&rest, ";");
	if (service)
		result.service = strsep(&rest, ";");
	result.code = strsep(&rest, ";");
	result.output = rest;
	if (result.output == NULL)
		return reason_set(why, "a %s result has %d fields between semicolons",
			service ? "service" : "host", service ? 5 : 4);
	return result_translate(&result, context, fields, why);
}
