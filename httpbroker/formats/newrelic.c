/* SPDX-License-Identifier: MIT */
/*
 * New Relic's webhooks: those of its workflows, with the default template, and those of the alert
 * policies before them. Both are sent on change only. Users edit the template: numbers may come as
 * strings, and lists as one string.
 */
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"

#include <string.h>

/* The keys and words of a webhook; lists end in NULL. */
struct webhook {
	const char *state;    /* key */
	const char *over[3];  /* its words: ok */
	const char *open[4];  /* its words: a problem */
	const char *expected; /* for messages */
	const char *severity; /* key */
	const char *mild[4];  /* its words: warning; any other is critical */
	const char *entity[3];
	const char *check[5]; /* keys, the preferred one first */
	const char *missing;
	const char *summary;
	const char *details;
	const char *times[3]; /* keys; the last one counts */
};

static bool word_is_in(struct text word, const char *const *list)
{
	while (*list != NULL && !text_is(word, *list))
		list++;
	return *list != NULL;
}

static bool webhook_state(
	const struct webhook *webhook, const json_t *document, struct text *out, struct reason *why)
{
	struct text state = {NULL, 0};
	struct text severity = value_string(json_object_get(document, webhook->severity));

	if (!value_text(document, webhook->state, &state, why))
		return false;
	if (word_is_in(state, webhook->over))
		*out = text_literal("ok");
	else if (!word_is_in(state, webhook->open))
		return reason_set(why, "'%s' is '%.64s', not %s", webhook->state,
			state.bytes != NULL ? state.bytes : "", webhook->expected);
	else
		*out = text_literal(word_is_in(severity, webhook->mild) ? "warning" : "critical");
	return true;
}

static bool webhook_read(
	const struct webhook *webhook, json_t *document, struct event *event, struct reason *why)
{
	if (!webhook_state(webhook, document, &event->state_text, why))
		return false;
	event->entity = name_first(document, webhook->entity, &event->former_entity);
	event->check = name_first(document, webhook->check, &event->former_check);
	if (event->entity.bytes == NULL)
		event->entity = text_literal("newrelic");
	if (event->check.bytes == NULL)
		return reason_set(why, "%s", webhook->missing);
	event->summary =
		text_is(event->state_text, "ok")
			? text_literal("closed")
			: value_shown(document, json_object_get(document, webhook->summary));
	event->details = value_shown(document, json_object_get(document, webhook->details));
	for (const char *const *key = webhook->times; *key != NULL; key++)
		value_milliseconds(document, *key, &event->time);
	return true;
}

static const struct webhook policy = {
	.state = "current_state",
	.over = {"closed"},
	.open = {"open", "acknowledged"},
	.expected = "open, acknowledged, closed or test",
	.severity = "severity",
	.mild = {"warning", "warn", "info"},
	.entity = {"policy_name", "account_name"},
	.check = {"condition_name", "condition_id", "incident_id"},
	.missing = "'condition_name', 'condition_id' and 'incident_id' are missing",
	.summary = "details",
	.details = "incident_url",
	.times = {"timestamp"},
};

static bool policy_matches(const json_t *document)
{
	return json_object_get(document, "current_state") != NULL &&
	       json_object_get(document, "condition_name") != NULL;
}

static bool policy_is_test(const json_t *document)
{
	return text_is(value_string(json_object_get(document, "current_state")), "test");
}

static bool policy_read(json_t *document, struct event *event, struct reason *why)
{
	return webhook_read(&policy, document, event, why);
}

const struct format format_newrelic = {
	.name = "newrelic",
	.ttl = EVENT_TTL_NEVER,
	.matches = policy_matches,
	.is_test = policy_is_test,
	.read = policy_read,
};

/* A deactivated issue has no open incident; it is closed some time later. */
static const struct webhook workflow = {
	.state = "state",
	.over = {"closed", "deactivated"},
	.open = {"created", "activated", "acknowledged"},
	.expected = "CREATED, ACTIVATED, ACKNOWLEDGED, DEACTIVATED or CLOSED",
	.severity = "priority",
	.mild = {"high", "medium", "low"},
	.entity = {"impactedEntities", "alertPolicyNames"},
	.check = {"alertConditionNames", "title", "id", "issueUrl"},
	.missing = "'issueUrl' is empty",
	.summary = "title",
	.details = "issueUrl",
	.times = {"createdAt", "updatedAt"},
};

static bool workflow_matches(const json_t *document)
{
	return json_object_get(document, "issueUrl") != NULL &&
	       json_object_get(document, "state") != NULL;
}

/* `Send test notification` sends the issue of their documentation. */
static bool workflow_is_test(const json_t *document)
{
	const char *url = json_string_value(json_object_get(document, "issueUrl"));

	return url != NULL && strstr(url, "/issues/0ea2df1c-adab-45d2-aae0-042b609d2322") != NULL;
}

static bool workflow_read(json_t *document, struct event *event, struct reason *why)
{
	return webhook_read(&workflow, document, event, why);
}

const struct format format_newrelic_workflow = {
	.name = "newrelic_workflow",
	.ttl = EVENT_TTL_NEVER,
	.matches = workflow_matches,
	.is_test = workflow_is_test,
	.read = workflow_read,
};
