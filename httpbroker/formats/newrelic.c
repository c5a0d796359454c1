/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/formats/names.h"

#include <string.h>

/*
 * New Relic's webhooks as they were before its workflows: a condition of a policy is violated, and
 * no longer. Sent on change only.
 */

static bool newrelic_matches(const json_t *document)
{
	return json_object_get(document, "current_state") != NULL &&
	       json_object_get(document, "condition_name") != NULL;
}

/* What is acknowledged is as bad as before. A severity that is not known is no reason to be quiet.
 */
static bool legacy_state(
	const json_t *document, struct text current, struct text *out, struct reason *why)
{
	struct text severity = {NULL, 0};
	struct reason ignored;

	value_text(document, "severity", &severity, &ignored);
	if (text_is(current, "closed"))
		*out = text_literal("ok");
	else if (!text_is(current, "open") && !text_is(current, "acknowledged"))
		return reason_set(why,
			"'current_state' is '%.64s', not open, acknowledged, closed or test",
			current.bytes != NULL ? current.bytes : "");
	else if (text_is(severity, "warning") || text_is(severity, "warn") ||
		 text_is(severity, "info"))
		*out = text_literal("warning");
	else
		*out = text_literal("critical");
	return true;
}

/* A template may leave out any of these; what follows is next best, and the same when it closes. */
static bool names_read(json_t *document, struct event *event, struct reason *why)
{
	static const char *const policy[] = {"policy_name", "account_name", NULL};
	static const char *const state[] = {"condition_name", "condition_id", "incident_id", NULL};

	event->entity = name_first(document, policy, &event->former_entity);
	event->check = name_first(document, state, &event->former_check);
	if (event->entity.bytes == NULL)
		event->entity = text_literal("newrelic");
	return event->check.bytes != NULL ||
	       reason_set(why, "'condition_name', 'condition_id' and 'incident_id' are missing");
}

/* The details are the problem's. */
static void texts_read(json_t *document, struct event *event)
{
	event->summary = text_is(event->state_text, "ok")
				 ? text_literal("closed")
				 : value_shown(document, json_object_get(document, "details"));
	event->details = value_shown(document, json_object_get(document, "incident_url"));
	value_milliseconds(document, "timestamp", &event->time);
}

static void newrelic_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	struct text current = {NULL, 0};
	struct event event;
	struct reason why;

	event_init(&event);
	event.ttl = context->ttl != 0 ? context->ttl : EVENT_TTL_NEVER;
	if (!value_text(document, "current_state", &current, &why)) {
		out->refuse(out, &why);
	} else if (text_is(current, "test")) {
		out->pass(out, PASSED_TEST);
	} else if (!legacy_state(document, current, &event.state_text, &why) ||
		   !names_read(document, &event, &why)) {
		out->refuse(out, &why);
	} else {
		texts_read(document, &event);
		event_sink_event(out, &event, context);
	}
}

const struct format format_newrelic = {"newrelic", false, newrelic_matches, newrelic_translate};

/*
 * What New Relic's workflows post, as their template comes: an issue and its state. Users edit the
 * template, so that numbers may come as strings and lists as one string. Sent on change only.
 */

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
