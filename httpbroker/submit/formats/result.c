/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/formats/result.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r"

bool result_code(const char *text, int64_t *code)
{
	char *end;

	*code = strtoll(text, &end, 10); /* a number that is too large is one that no plugin has */
	return end != text && end[strspn(end, BLANKS)] == '\0';
}

static bool names_check(const struct result *result, struct reason *why)
{
	if (result->host[0] == '\0')
		return reason_set(why, "the host's name is empty");
	if (result->service != NULL && result->service[0] == '\0')
		return reason_set(why, "the service's name is empty");
	return true;
}

static const char *service_state(int64_t code)
{
	return code >= 0 && code <= 3 ? plugin_state(code) : "unknown";
}

/* The output's parts; a code that no plugin has stands before the summary. */
static void output_take(
	char *output, int64_t code, const struct format_context *context, struct fields *fields)
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

bool result_translate(const struct result *result, const struct format_context *context,
	struct fields *fields, struct reason *why)
{
	bool host = result->service == NULL;
	int64_t code;

	if (!names_check(result, why))
		return false;
	fields->entity = result->host;
	fields->check = host ? "HOST" : result->service;
	if (!result_code(result->code, &code))
		return reason_set(why,
			"'%.80s' on '%.80s': return code: '%.40s' is not a whole number",
			fields->check, fields->entity, result->code);
	fields->state = !host ? service_state(code) : code == 0 ? "ok" : "critical";
	output_take(result->output, code, context, fields);
	return true;
}
