/* SPDX-License-Identifier: MIT */
/*
 * What is written to the command file of Nagios, of which check results are taken
 * (https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/extcommands.html):
 *
 *     [TIME] PROCESS_SERVICE_CHECK_RESULT;HOST;SERVICE;CODE;OUTPUT
 *     [TIME] PROCESS_HOST_CHECK_RESULT;HOST;CODE;OUTPUT
 */
#include "httpbroker/submit/formats/result.h"

#include <string.h>

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
	char *line, const struct format_context *context, struct fields *fields, struct reason *why)
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
