/* SPDX-License-Identifier: MIT */
/*
 * What New Relic's workflows post, as their template comes: an issue and its state. Users edit the
 * template, so that numbers may come as strings and lists as one string. Sent on change only.
 */
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/values.h"

#include <string.h>

/* The issue of their documentation, which `Send test notification` shows as well. */
#define SAMPLE_ISSUE "/issues/0ea2df1c-adab-45d2-aae0-042b609d2322"

static bool workflow_matches(const json_t *document)
{
	return json_object_get(document, "issueUrl") != NULL &&
	       json_object_get(document, "state") != NULL;
}

static bool state_read(const json_t *document, struct text *out, struct reason *why)
{
	struct text state = {NULL, 0}, priority = {NULL, 0};

	if (!value_text(document, "state", &state, why) ||
		!value_text(document, "priority", &priority, why))
		return false;
	if (text_is(state, "closed"))
		*out = text_literal("ok");
	else if (!text_is(state, "created") && !text_is(state, "activated") &&
		 !text_is(state, "acknowledged"))
		return reason_set(why,
			"'state' is '%.64s', not CREATED, ACTIVATED, ACKNOWLEDGED or CLOSED",
			state.bytes != NULL ? state.bytes : "");
	else if (text_is(priority, "high") || text_is(priority, "medium") ||
		 text_is(priority, "low"))
		*out = text_literal("warning");
	else
		*out = text_literal("critical");
	return true;
}

static bool names_read(const json_t *document, struct event *event, struct reason *why)
{
	event->check = event->summary; /* the title */
	if (!value_first(document, "alertPolicyNames", &event->entity, why) ||
		!value_first(document, "impactedEntities", &event->entity, why) ||
		!value_first(document, "alertConditionNames", &event->check, why))
		return false;
	if (event->entity.bytes == NULL)
		return reason_set(why, "neither 'impactedEntities' nor 'alertPolicyNames' has any");
	return event->check.bytes != NULL ||
	       reason_set(why, "neither 'alertConditionNames' nor 'title' has any");
}

static bool event_read(const json_t *document, struct event *event, struct reason *why)
{
	return value_text(document, "issueUrl", &event->details, why) &&
	       value_text(document, "title", &event->summary, why) &&
	       state_read(document, &event->state, why) && names_read(document, event, why) &&
	       value_milliseconds(document, "createdAt", &event->time, why) &&
	       value_milliseconds(document, "updatedAt", &event->time, why);
}

static bool is_test(const json_t *document)
{
	const char *url = json_string_value(json_object_get(document, "issueUrl"));

	return url != NULL && strstr(url, SAMPLE_ISSUE) != NULL;
}

static void workflow_translate(
	json_t *document, const struct format_context *context, struct intake *out)
{
	struct event event;
	struct reason why;

	event_init(&event, context->now);
	event.ttl = context->ttl != 0 ? context->ttl : EVENT_TTL_NEVER;
	if (is_test(document))
		out->pass(out, PASSED_TEST);
	else if (!event_read(document, &event, &why))
		out->refuse(out, &why);
	else
		intake_event(out, &event, context);
}

const struct format format_newrelic_workflow = {
	"newrelic_workflow", false, workflow_matches, workflow_translate};
