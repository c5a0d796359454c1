/* SPDX-License-Identifier: MIT */
/*
 * What Prometheus's Alertmanager posts (webhook_config, version 4), and Grafana, whose documents
 * are the same with more in them: a group of alerts, each of which is firing or resolved.
 *
 * Alertmanager knows an alert by all its labels, Flapjack a check by two names: so alerts that
 * differ elsewhere, such as in the disk that is full, are one check. The worst of those in a
 * document speaks for all: a resolved one must not hide another that still fires.
 */
#include "common/buffer.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/values.h"

/* An alert that has none of the labels that name a machine or a job still has to be told. */
#define NOBODY "alertmanager"

static bool alertmanager_matches(const json_t *document)
{
	return json_is_array(json_object_get(document, "alerts"));
}

static bool state_read(
	struct text status, const json_t *labels, struct text *out, struct reason *why)
{
	struct text severity = {NULL, 0};

	if (status.bytes == NULL)
		return reason_set(why, "'status' is missing");
	if (!value_text(labels, "severity", &severity, why))
		return false;
	if (text_is(status, "resolved"))
		*out = text_literal("ok");
	else if (!text_is(status, "firing"))
		return reason_set(why, "'status' is '%.64s', not firing or resolved", status.bytes);
	else
		*out = text_literal(text_is(severity, "warning") ? "warning" : "critical");
	return true;
}

static bool names_read(const json_t *labels, struct event *event, struct reason *why)
{
	static const char *const whose[] = {"host", "job", "instance"}; /* the last one wins */

	event->entity = text_literal(NOBODY);
	for (size_t i = 0; i < sizeof whose / sizeof whose[0]; i++)
		if (!value_text(labels, whose[i], &event->entity, why))
			return false;
	if (!value_text(labels, "alertname", &event->check, why))
		return false;
	return event->check.bytes != NULL || reason_set(why, "the label 'alertname' is missing");
}

static bool texts_read(const json_t *annotations, struct event *event, struct reason *why)
{
	if (!value_text(annotations, "description", &event->details, why))
		return false;
	event->summary = event->details;
	return value_text(annotations, "summary", &event->summary, why);
}

/* The time is that of the message, not startsAt: what is said again days later still holds. */
static bool alert_read(const json_t *document, const json_t *alert,
	const struct format_context *context, struct event *event, struct reason *why)
{
	struct text status = {NULL, 0};
	const json_t *labels, *annotations;

	event_init(event, context->now);
	event->ttl = context->ttl != 0 ? context->ttl : EVENT_TTL_NEVER;
	if (!json_is_object(alert))
		return reason_set(why, "an alert is %s, not an object", value_kind(alert));
	return value_object(alert, "labels", &labels, why) &&
	       value_object(alert, "annotations", &annotations, why) &&
	       value_text(document, "status", &status, why) &&
	       value_text(alert, "status", &status, why) &&
	       state_read(status, labels, &event->state, why) && names_read(labels, event, why) &&
	       texts_read(annotations, event, why);
}

/* Grafana's `Test` of a contact point. */
static bool is_test(const struct event *event)
{
	return text_is(event->check, "TestAlert") && text_is(event->entity, "Grafana");
}

static json_int_t badness(const struct event *event)
{
	return text_is(event->state, "ok") ? 0 : text_is(event->state, "warning") ? 1 : 2;
}

/* The key of a check in the table of the worst. */
static const char *pair_key(const struct event *event, struct buffer *out)
{
	buffer_clear(out);
	buffer_append(out, event->entity.bytes, event->entity.length);
	buffer_append(out, "\x1f", 1);
	buffer_append(out, event->check.bytes, event->check.length);
	return out->data;
}

/* Which alert speaks for each check: `key` to [badness, index], the first of the worst. */
static json_t *worst_find(const json_t *document, const json_t *alerts,
	const struct format_context *context, struct buffer *key)
{
	json_t *worst = json_object();
	struct reason ignored;
	struct event event;
	json_t *alert;
	size_t i;

	json_array_foreach(alerts, i, alert) {
		if (!alert_read(document, alert, context, &event, &ignored))
			continue;
		const json_t *known = json_object_get(worst, pair_key(&event, key));
		json_int_t bad = badness(&event);

		if (known == NULL || json_integer_value(json_array_get(known, 0)) < bad)
			json_object_set_new(
				worst, key->data, json_pack("[I, I]", bad, (json_int_t)i));
	}
	return worst;
}

static bool speaks(const json_t *worst, const char *key, size_t i)
{
	const json_t *known = json_object_get(worst, key);

	return json_integer_value(json_array_get(known, 1)) == (json_int_t)i;
}

static void alertmanager_translate(
	json_t *document, const struct format_context *context, struct intake *out)
{
	const json_t *alerts = json_object_get(document, "alerts");
	struct buffer key = {NULL, 0, 0};
	json_t *worst = worst_find(document, alerts, context, &key);
	struct reason why;
	struct event event;
	json_t *alert;
	size_t i;

	json_array_foreach(alerts, i, alert) {
		if (!alert_read(document, alert, context, &event, &why))
			out->refuse(out, &why);
		else if (is_test(&event))
			out->pass(out, PASSED_TEST);
		else if (!speaks(worst, pair_key(&event, &key), i))
			out->pass(out, PASSED_WORSE);
		else
			intake_event(out, &event, context);
	}
	if (json_array_size(alerts) == 0) {
		reason_set(&why, "'alerts' is empty");
		out->refuse(out, &why);
	}
	json_decref(worst);
	buffer_free(&key);
}

const struct format format_alertmanager = {
	"alertmanager", true, alertmanager_matches, alertmanager_translate};
