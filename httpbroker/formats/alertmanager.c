/* SPDX-License-Identifier: MIT */
/*
 * Webhooks of Prometheus's Alertmanager (webhook_config, version 4) and of Grafana, which adds
 * keys: a group of alerts, each of which is firing or resolved.
 *
 * Alertmanager identifies an alert by all its labels. So one label names the entity, and the check
 * is the alert's name with all the others: a resolved alert must not clear another that is firing.
 */
#include "common/buffer.h"
#include "common/memory.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME "alertname"

/* For alerts without such labels. */
#define ENTITY_DEFAULT "alertmanager"
#define CHECK_DEFAULT "alert"

static bool alertmanager_matches(const json_t *document)
{
	return json_is_array(json_object_get(document, "alerts"));
}

static bool alert_state(
	struct text status, const json_t *labels, struct text *out, struct reason *why)
{
	const char *severity = json_string_value(json_object_get(labels, "severity"));

	if (status.bytes == NULL)
		return reason_set(why, "'status' is missing");
	if (text_is(status, "resolved"))
		*out = text_literal("ok");
	else if (!text_is(status, "firing"))
		return reason_set(why, "'status' is '%.64s', not firing or resolved", status.bytes);
	else if (severity != NULL && strcasecmp(severity, "warning") == 0)
		*out = text_literal("warning");
	else
		*out = text_literal("critical");
	return true;
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
		struct text text = value_shown(document, json_object_get(labels, key));

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
	event->entity = entity_key != NULL
				? name_fit(document, value_shown(document,
							     json_object_get(labels, entity_key)))
				: text_literal(ENTITY_DEFAULT);
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

/* The annotations describe the problem: they are omitted once it is resolved. */
static void texts_read(json_t *document, const json_t *annotations, struct event *event)
{
	if (text_is(event->state_text, "ok")) {
		event->summary = text_literal("resolved");
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

	format_event_init(&format_alertmanager, context, event);
	if (!json_is_object(alert))
		return reason_set(why, "an alert is %s, not an object", value_kind(alert));
	if (!value_object(alert, "labels", &labels, why) ||
		!value_text(document, "status", &status, why) ||
		!value_text(alert, "status", &status, why) ||
		!alert_state(status, labels, &event->state_text, why) ||
		!names_read(document, json_object_get(alert, "labels"), event, why))
		return false;
	texts_read(document, json_object_get(alert, "annotations"), event);
	return true;
}

/* Grafana's `Test` of a contact point. */
static bool is_test(const json_t *alert, const struct event *event)
{
	const char *name =
		json_string_value(json_object_get(json_object_get(alert, "labels"), NAME));

	return name != NULL && strcmp(name, "TestAlert") == 0 && text_is(event->entity, "Grafana");
}

static json_int_t severity(const struct event *event)
{
	return text_is(event->state_text, "ok") ? 0 : text_is(event->state_text, "warning") ? 1 : 2;
}

static const char *pair_key(const struct event *event, struct buffer *out)
{
	buffer_clear(out);
	buffer_append(out, event->entity.bytes, event->entity.length);
	buffer_append(out, "\x1f", 1);
	buffer_append(out, event->check.bytes, event->check.length);
	return out->data;
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
		json_int_t rank = severity(&event);

		if (known == NULL || json_integer_value(json_array_get(known, 0)) < rank)
			json_object_set_new(
				worst, key->data, json_pack("[I, I]", rank, (json_int_t)i));
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
