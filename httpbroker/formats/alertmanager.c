/* SPDX-License-Identifier: MIT */
/*
 * Webhooks of Prometheus's Alertmanager (webhook_config, version 4) and of Grafana, which adds
 * keys: a group of alerts, each of which is firing or resolved.
 *
 * Alertmanager identifies an alert by all its labels. So one label names the entity, and the check
 * is the alert's name with all the others: a resolved alert must not clear another that is firing.
 *
 * Two kinds of alerts are no problem while they fire: a heartbeat, such as Prometheus's Watchdog,
 * whose end is the fault; and one of severity `none` or `info`.
 */
#include "common/buffer.h"
#include "common/memory.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

#define NAME "alertname"

/* For alerts without such labels. */
#define ENTITY_DEFAULT "alertmanager"
#define CHECK_DEFAULT "alert"

enum { HEARTBEAT_TTL = 600 }; /* seconds */

enum alert_kind { ALERT_PROBLEM, ALERT_HEARTBEAT, ALERT_INFORMATION };

static bool alertmanager_matches(const json_t *document)
{
	return json_is_array(json_object_get(document, "alerts"));
}

static bool label_is(const json_t *labels, const char *key, const char *word)
{
	return text_is(value_string(json_object_get(labels, key)), word);
}

static bool is_heartbeat(const json_t *labels, const char *const *heartbeats)
{
	const char *name = json_string_value(json_object_get(labels, NAME));

	if (name == NULL || heartbeats == NULL)
		return false;
	while (*heartbeats != NULL && strcmp(name, *heartbeats) != 0)
		heartbeats++;
	return *heartbeats != NULL;
}

static enum alert_kind alert_kind(const json_t *labels, const char *const *heartbeats)
{
	if (is_heartbeat(labels, heartbeats))
		return ALERT_HEARTBEAT;
	if (label_is(labels, "severity", "none") || label_is(labels, "severity", "info"))
		return ALERT_INFORMATION;
	return ALERT_PROBLEM;
}

static bool alert_state(struct text status, enum alert_kind kind, const json_t *labels,
	struct text *out, struct reason *why)
{
	bool fires = text_is(status, "firing");

	if (status.bytes == NULL)
		return reason_set(why, "'status' is missing");
	if (!fires && !text_is(status, "resolved"))
		return reason_set(why, "'status' is '%.64s', not firing or resolved", status.bytes);
	if (kind == ALERT_HEARTBEAT)
		*out = text_literal(fires ? "ok" : "critical");
	else if (!fires || kind == ALERT_INFORMATION)
		*out = text_literal("ok");
	else
		*out = text_literal(
			label_is(labels, "severity", "warning") ? "warning" : "critical");
	return true;
}

/* A heartbeat goes stale: Alertmanager may be what has stopped. */
static int32_t alert_ttl(
	enum alert_kind kind, struct text state, const struct format_context *context)
{
	if (kind == ALERT_INFORMATION)
		return EVENT_TTL_NEVER;
	if (kind == ALERT_HEARTBEAT && text_is(state, "ok") && context->ttl == 0)
		return HEARTBEAT_TTL;
	return context->ttl != 0 ? context->ttl : format_alertmanager.ttl;
}

/* The label that names the entity; NULL: none does. */
static const char *entity_label(json_t *labels)
{
	static const char *const keys[] = {"instance", "job", "host"};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const json_t *value = json_object_get(labels, keys[i]);

		if (!json_is_null(value) && value != NULL &&
			(!json_is_string(value) || json_string_length(value) > 0))
			return keys[i];
	}
	return NULL;
}

/* With all labels but the name and the entity. To Prometheus an empty label is none. */
static struct text check_name(
	json_t *document, json_t *labels, struct text name, const char *entity_key)
{
	size_t count = 0;
	struct label *list = memory_zeroed(json_object_size(labels) + 1, sizeof list[0]);
	const char *key;
	json_t *value;

	json_object_foreach(labels, key, value) {
		struct text text = value_shown(document, value);

		if (text.bytes == NULL || strcmp(key, NAME) == 0 ||
			(entity_key != NULL && strcmp(key, entity_key) == 0))
			continue;
		list[count++] = (struct label){key, text};
	}
	struct text check = name_labelled(document, name, list, count);
	free(list);
	return check;
}

/* Earlier versions used the labels of the alert's and the entity's name alone. */
static void former_read(const json_t *labels, const char *entity_key, struct event *event)
{
	const json_t *entity = entity_key != NULL ? json_object_get(labels, entity_key) : NULL;
	const json_t *name = json_object_get(labels, NAME);

	if (!json_is_string(name) || (entity_key != NULL && !json_is_string(entity)))
		return;
	event->former_check = value_string(name);
	event->former_entity = entity == NULL ? text_literal(ENTITY_DEFAULT) : value_string(entity);
}

static bool names_read(json_t *document, json_t *labels, struct event *event, struct reason *why)
{
	const char *entity_key = entity_label(labels);

	if (json_object_size(labels) == 0)
		return reason_set(why, "the alert has no labels");
	if (entity_key != NULL)
		event->entity = name_fit(
			document, value_shown(document, json_object_get(labels, entity_key)));
	if (event->entity.bytes == NULL)
		event->entity = text_literal(ENTITY_DEFAULT);
	struct text name = value_shown(document, json_object_get(labels, NAME));
	if (name.bytes == NULL)
		name = text_literal(CHECK_DEFAULT);
	event->check = check_name(document, labels, name, entity_key);
	if (event->check.bytes == NULL)
		event->check = text_literal(CHECK_DEFAULT);
	former_read(labels, entity_key, event);
	return true;
}

/* The annotations describe the alert: they are omitted once it is resolved. */
static void texts_read(json_t *document, const json_t *annotations, bool fires,
	enum alert_kind kind, struct event *event)
{
	if (!fires) {
		event->summary = text_literal(kind == ALERT_HEARTBEAT
						      ? "resolved, but this heartbeat must fire "
							"all the time: Prometheus, or its rule, "
							"does not send it any more"
						      : "resolved");
		return;
	}
	event->details = value_shown(document, json_object_get(annotations, "description"));
	event->summary = value_shown(document, json_object_get(annotations, "summary"));
	if (event->summary.bytes == NULL)
		event->summary = event->details;
}

/* The time is the message's, not startsAt: an alert that is repeated days later still holds. */
static bool alert_read(json_t *document, const json_t *alert, const struct format_context *context,
	struct event *event, struct reason *why)
{
	struct text status = {NULL, 0};
	const json_t *labels;
	enum alert_kind kind;

	format_event_init(&format_alertmanager, context, event);
	if (!json_is_object(alert))
		return reason_set(why, "an alert is %s, not an object", value_kind(alert));
	if (!value_object(alert, "labels", &labels, why) ||
		!value_text(document, "status", &status, why) ||
		!value_text(alert, "status", &status, why))
		return false;
	kind = alert_kind(labels, context->heartbeats);
	if (!alert_state(status, kind, labels, &event->state_text, why) ||
		!names_read(document, json_object_get(alert, "labels"), event, why))
		return false;
	event->ttl = alert_ttl(kind, event->state_text, context);
	texts_read(document, json_object_get(alert, "annotations"), text_is(status, "firing"), kind,
		event);
	return true;
}

/* Grafana's `Test` of a contact point. */
static bool is_test(const json_t *alert, const struct event *event)
{
	const char *name =
		json_string_value(json_object_get(json_object_get(alert, "labels"), NAME));

	return name != NULL && strcmp(name, "TestAlert") == 0 && text_is(event->entity, "Grafana");
}

/* An alert that httpbroker-notify made of a check, back from Alertmanager: no check of its own. */
static bool is_returned(const json_t *alert, const struct format_context *context)
{
	const json_t *labels = json_object_get(alert, "labels");

	return label_is(labels, "via", "httpbroker-notify") &&
	       !is_heartbeat(labels, context->heartbeats);
}

static const char *pair_key(const struct event *event, struct buffer *out)
{
	buffer_clear(out);
	buffer_append(out, event->entity.bytes, event->entity.length);
	buffer_append(out, "\x1f", 1);
	buffer_append(out, event->check.bytes, event->check.length);
	return out->data;
}

/* The higher, the worse. */
static json_int_t severity_of(const struct event *event)
{
	if (text_is(event->state_text, "ok"))
		return 0;
	return text_is(event->state_text, "warning") ? 1 : 2;
}

/* Maps each check to [severity, index] of its worst alert, the first of equals. */
static json_t *worst_find(json_t *document, const json_t *alerts,
	const struct format_context *context, struct buffer *key)
{
	json_t *worst = json_object();
	struct reason ignored;
	struct event event;
	json_t *alert;
	size_t i;

	json_array_foreach(alerts, i, alert) {
		if (i > LIMIT_BATCH)
			break;
		if (!alert_read(document, alert, context, &event, &ignored))
			continue;
		const json_t *known = json_object_get(worst, pair_key(&event, key));
		json_int_t severity = severity_of(&event);

		if (known == NULL || json_integer_value(json_array_get(known, 0)) < severity)
			json_object_set_new(
				worst, key->data, json_pack("[I, I]", severity, (json_int_t)i));
	}
	return worst;
}

static bool is_worst(const json_t *worst, const char *key, size_t i)
{
	const json_t *known = json_object_get(worst, key);

	return json_integer_value(json_array_get(known, 1)) == (json_int_t)i;
}

static void alertmanager_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	const json_t *alerts = json_object_get(document, "alerts");
	struct buffer key = {NULL, 0, 0};
	json_t *worst = worst_find(document, alerts, context, &key);
	struct reason why;
	struct event event;
	json_t *alert;
	size_t i;

	json_array_foreach(alerts, i, alert) {
		if (i > LIMIT_BATCH) /* one too many: the request is refused */
			break;
		if (!alert_read(document, alert, context, &event, &why))
			out->refuse(out, &why);
		else if (is_test(alert, &event))
			out->skip(out, SKIPPED_TEST);
		else if (is_returned(alert, context))
			out->skip(out, SKIPPED_RETURNED);
		else if (!is_worst(worst, pair_key(&event, &key), i))
			out->skip(out, SKIPPED_MERGED);
		else
			event_sink_event(out, &event, context);
	}
	if (json_array_size(alerts) == 0) {
		reason_set(&why, "'alerts' is empty");
		out->refuse(out, &why);
	}
	json_decref(worst);
	buffer_free(&key);
}

const struct format format_alertmanager = {
	.name = "alertmanager",
	.many = true,
	.ttl = EVENT_TTL_NEVER,
	.matches = alertmanager_matches,
	.translate = alertmanager_translate,
};
