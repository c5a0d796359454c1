/* SPDX-License-Identifier: MIT */
/*
 * What New Relic's workflows post, as their template comes: an issue and its state. Users edit the
 * template, so that numbers may come as strings and lists as one string. Sent on change only.
 */
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/names.h"
#include "httpbroker/formats/values.h"

#include <string.h>

/* The issue of their documentation, which `Send test notification` shows as well. */
#define SAMPLE_ISSUE "/issues/0ea2df1c-adab-45d2-aae0-042b609d2322"

static bool workflow_matches(const json_t *document)
{
	return json_object_get(document, "issueUrl") != NULL &&
	       json_object_get(document, "state") != NULL;
}

/* A deactivated issue has no open incident any more; it is closed some time later. */
static bool is_over(struct text state)
{
	return text_is(state, "closed") || text_is(state, "deactivated");
}

static bool is_open(struct text state)
{
	return text_is(state, "created") || text_is(state, "activated") ||
	       text_is(state, "acknowledged");
}

static bool workflow_state(const json_t *document, struct text *out, struct reason *why)
{
	struct text state = {NULL, 0}, priority = {NULL, 0};
	struct reason ignored;

	if (!value_text(document, "state", &state, why))
		return false;
	value_text(document, "priority", &priority, &ignored);
	if (is_over(state))
		*out = text_literal("ok");
	else if (!is_open(state))
		return reason_set(why,
			"'state' is '%.64s', not CREATED, ACTIVATED, ACKNOWLEDGED, DEACTIVATED or "
			"CLOSED",
			state.bytes != NULL ? state.bytes : "");
	else if (text_is(priority, "high") || text_is(priority, "medium") ||
		 text_is(priority, "low"))
		*out = text_literal("warning");
	else
		*out = text_literal("critical");
	return true;
}

static bool workflow_names(json_t *document, struct event *event, struct reason *why)
{
	static const char *const entity[] = {"impactedEntities", "alertPolicyNames", NULL};
	static const char *const check[] = {"alertConditionNames", "title", "id", "issueUrl", NULL};

	event->entity = name_first(document, entity, &event->former_entity);
	event->check = name_first(document, check, &event->former_check);
	if (event->entity.bytes == NULL)
		event->entity = text_literal("newrelic");
	return event->check.bytes != NULL || reason_set(why, "'issueUrl' is empty");
}

/* The title is the problem's. */
static void workflow_texts(json_t *document, struct event *event)
{
	event->summary = text_is(event->state_text, "ok")
				 ? text_literal("closed")
				 : value_shown(document, json_object_get(document, "title"));
	event->details = value_shown(document, json_object_get(document, "issueUrl"));
	value_milliseconds(document, "createdAt", &event->time);
	value_milliseconds(document, "updatedAt", &event->time);
}

static bool workflow_is_test(const json_t *document)
{
	const char *url = json_string_value(json_object_get(document, "issueUrl"));

	return url != NULL && strstr(url, SAMPLE_ISSUE) != NULL;
}

static void workflow_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	struct event event;
	struct reason why;

	event_init(&event);
	event.ttl = context->ttl != 0 ? context->ttl : EVENT_TTL_NEVER;
	if (workflow_is_test(document)) {
		out->pass(out, PASSED_TEST);
	} else if (!workflow_state(document, &event.state_text, &why) ||
		   !workflow_names(document, &event, &why)) {
		out->refuse(out, &why);
	} else {
		workflow_texts(document, &event);
		event_sink_event(out, &event, context);
	}
}

const struct format format_newrelic_workflow = {
	"newrelic_workflow", false, workflow_matches, workflow_translate};
