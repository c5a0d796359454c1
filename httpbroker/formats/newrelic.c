/* SPDX-License-Identifier: MIT */
/*
 * New Relic's webhooks as they were before its workflows: a condition of a policy is violated, and
 * no longer. Sent on change only.
 */
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/values.h"

static bool newrelic_matches(const json_t *document)
{
	return json_object_get(document, "current_state") != NULL &&
	       json_object_get(document, "condition_name") != NULL;
}

/* What is acknowledged is as bad as before. A severity that is not known is no reason to be quiet.
 */
static bool state_read(
	const json_t *document, struct text current, struct text *out, struct reason *why)
{
	struct text severity = {NULL, 0};

	if (!value_text(document, "severity", &severity, why))
		return false;
	if (text_is(current, "closed"))
		*out = text_literal("ok");
	else if (!text_is(current, "open") && !text_is(current, "acknowledged"))
		return reason_set(why,
			"'current_state' is '%.64s', not open, acknowledged, closed or test",
			current.bytes != NULL ? current.bytes : "");
	else if (text_is(severity, "warning") || text_is(severity, "info"))
		*out = text_literal("warning");
	else
		*out = text_literal("critical");
	return true;
}

static bool event_read(
	const json_t *document, struct text current, struct event *event, struct reason *why)
{
	return value_first(document, "policy_name", &event->entity, why) &&
	       (event->entity.bytes != NULL || reason_set(why, "'policy_name' is missing")) &&
	       value_first(document, "condition_name", &event->check, why) &&
	       (event->check.bytes != NULL || reason_set(why, "'condition_name' is empty")) &&
	       state_read(document, current, &event->state, why) &&
	       value_text(document, "details", &event->summary, why) &&
	       value_text(document, "incident_url", &event->details, why) &&
	       value_milliseconds(document, "timestamp", &event->time, why);
}

static void newrelic_translate(
	json_t *document, const struct format_context *context, struct intake *out)
{
	struct text current = {NULL, 0};
	struct event event;
	struct reason why;

	event_init(&event, context->now);
	event.ttl = context->ttl != 0 ? context->ttl : EVENT_TTL_NEVER;
	if (!value_text(document, "current_state", &current, &why))
		out->refuse(out, &why);
	else if (text_is(current, "test"))
		out->pass(out, PASSED_TEST);
	else if (!event_read(document, current, &event, &why))
		out->refuse(out, &why);
	else
		intake_event(out, &event, context);
}

const struct format format_newrelic = {"newrelic", false, newrelic_matches, newrelic_translate};
