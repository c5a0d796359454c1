/* SPDX-License-Identifier: MIT */
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
#include "httpbroker/submit/formats/format.h"

#include <string.h>

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
	const char *state; /* as Nagios says it */
	const char *event; /* as Flapjack knows it */
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

static bool layout_check(char *const columns[FIELDS], int count, struct reason *why)
{
	if (!kind_known(columns[FIELD_KIND]))
		return reason_set(why,
			"'%.40s' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab",
			columns[FIELD_KIND]);
	if (count < FIELDS_NEEDED)
		return reason_set(why, "%d fields between tabs where at least %d are needed", count,
			FIELDS_NEEDED);
	if (columns[FIELD_HOST][0] == '\0')
		return reason_set(why, "the host's name is empty");
	if (columns[FIELD_CHECK][0] == '\0')
		return reason_set(why, "the service's name is empty");
	return true;
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
	char *line, const struct format_context *context, struct fields *fields, struct reason *why)
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
