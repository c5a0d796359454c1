/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/formats/result.h"

#include "common/number.h"

static bool names_check(const struct result *result, struct reason *why)
{
	if (result->host[0] == '\0')
		return reason_set(why, "the host's name is empty");
	if (result->service != NULL && result->service[0] == '\0')
		return reason_set(why, "the service's name is empty");
	return true;
}

bool result_translate(const struct result *result, const struct format_context *context,
	struct draft *draft, struct reason *why)
{
	bool host = result->service == NULL;
	int64_t code;

	if (!names_check(result, why))
		return false;
	draft->entity = result->host;
	draft->check = host ? "HOST" : result->service;
	if (!number_parse(result->code, 0, 255, &code, why)) {
		reason_prefix(why, "return code");
		return reason_prefix(why, "'%.80s' on '%.80s'", draft->check, draft->entity);
	}
	draft->state = !host ? plugin_state(code) : code == 0 ? "ok" : "critical";
	plugin_unescape(result->output);
	plugin_split(result->output, context->parts);
	draft->summary = context->parts->summary;
	draft->details = context->parts->details;
	draft->perfdata = context->parts->perfdata.data;
	return true;
}
