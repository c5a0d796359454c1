/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/alarm.h"

#include "common/buffer.h"
#include "httpbroker/events/isotime.h"

#include <string.h>

#define EVENTBRIDGE_TYPE "CloudWatch Alarm State Change"

/* An alarm, whichever way it came; NULL and not given where it says nothing. */
struct alarm {
	const json_t *name;
	const json_t *state;
	const json_t *reason;
	const json_t *time;
	const json_t *description;
	const json_t *account;
	const json_t *region;
	const json_t *metric; /* its name; NULL: several metrics, or other alarms */
	const json_t *namespace;
	const json_t *dimensions; /* [{name, value}] or {name: value} */
	const json_t *threshold;
	const json_t *rule; /* of a composite alarm */
};

static const json_t *member(const json_t *object, const char *name)
{
	return json_object_get(object, name);
}

static bool string_is(const json_t *value, const char *word)
{
	return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

static bool is_eventbridge(const json_t *document)
{
	return string_is(member(document, "source"), "aws.cloudwatch") &&
	       string_is(member(document, "detail-type"), EVENTBRIDGE_TYPE);
}

static bool alarm_matches(const json_t *document)
{
	if (member(document, "entity") != NULL)
		return false;
	return is_eventbridge(document) ||
	       (member(document, "AlarmName") != NULL && member(document, "NewStateValue") != NULL);
}

static struct alarm direct_read(const json_t *document)
{
	const json_t *trigger = member(document, "Trigger");

	return (struct alarm){
		.name = member(document, "AlarmName"),
		.state = member(document, "NewStateValue"),
		.reason = member(document, "NewStateReason"),
		.time = member(document, "StateChangeTime"),
		.description = member(document, "AlarmDescription"),
		.account = member(document, "AWSAccountId"),
		.region = member(document, "Region"),
		.metric = member(trigger, "MetricName"),
		.namespace = member(trigger, "Namespace"),
		.dimensions = member(trigger, "Dimensions"),
		.threshold = member(trigger, "Threshold"),
		.rule = member(document, "AlarmRule"),
	};
}

/* Of several metrics none is the alarm's. */
static const json_t *only_metric(const json_t *configuration)
{
	const json_t *metrics = member(configuration, "metrics");

	if (json_array_size(metrics) != 1)
		return NULL;
	return member(member(json_array_get(metrics, 0), "metricStat"), "metric");
}

static struct alarm eventbridge_read(const json_t *document)
{
	const json_t *detail = member(document, "detail");
	const json_t *state = member(detail, "state");
	const json_t *configuration = member(detail, "configuration");
	const json_t *metric = only_metric(configuration);

	return (struct alarm){
		.name = member(detail, "alarmName"),
		.state = member(state, "value"),
		.reason = member(state, "reason"),
		.time = member(state, "timestamp"),
		.description = member(configuration, "description"),
		.account = member(document, "account"),
		.region = member(document, "region"),
		.metric = member(metric, "name"),
		.namespace = member(metric, "namespace"),
		.dimensions = member(metric, "dimensions"),
		.rule = member(configuration, "alarmRule"),
	};
}

/* A string that is there and not empty; else not given. */
static struct text text_of(const json_t *value)
{
	if (!json_is_string(value) || json_string_length(value) == 0)
		return (struct text){NULL, 0};
	return (struct text){json_string_value(value), json_string_length(value)};
}

static void value_append(struct buffer *out, const json_t *value)
{
	if (json_is_string(value))
		buffer_append(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buffer_printf(out, "%g", json_real_value(value));
}

static void line_append(struct buffer *out, const char *label, const json_t *value)
{
	if (!json_is_number(value) && text_of(value).bytes == NULL)
		return;
	buffer_append_text(out, out->length > 0 ? "\n" : "");
	buffer_append_text(out, label);
	value_append(out, value);
}

static void dimension_append(struct buffer *out, const char *name, const json_t *value)
{
	struct buffer label = {0};

	if (name == NULL)
		return;
	buffer_printf(&label, "%s: ", name);
	line_append(out, label.data, value);
	buffer_free(&label);
}

static void dimensions_append(struct buffer *out, const json_t *dimensions)
{
	for (size_t i = 0; i < json_array_size(dimensions); i++) {
		const json_t *each = json_array_get(dimensions, i);
		dimension_append(
			out, json_string_value(member(each, "name")), member(each, "value"));
	}
	for (void *each = json_object_iter((json_t *)(uintptr_t)dimensions); each != NULL;
		each = json_object_iter_next((json_t *)(uintptr_t)dimensions, each))
		dimension_append(out, json_object_iter_key(each), json_object_iter_value(each));
}

/* The details are made of many parts, so the document has to hold them. */
static struct text details_make(json_t *document, const struct alarm *alarm)
{
	struct buffer out = {0};

	line_append(&out, "", alarm->description);
	line_append(&out, "account: ", alarm->account);
	line_append(&out, "region: ", alarm->region);
	line_append(&out, "namespace: ", alarm->namespace);
	dimensions_append(&out, alarm->dimensions);
	line_append(&out, "threshold: ", alarm->threshold);
	line_append(&out, "rule: ", alarm->rule);
	json_t *details = out.length > 0 ? json_stringn(out.data, out.length) : NULL;
	buffer_free(&out);
	if (details == NULL || json_object_set_new(document, "", details) != 0)
		return (struct text){NULL, 0};
	return text_of(details);
}

static bool state_read(const json_t *value, struct text *out, struct reason *why)
{
	if (string_is(value, "OK"))
		*out = (struct text){"ok", 2};
	else if (string_is(value, "ALARM"))
		*out = (struct text){"critical", 8};
	else if (string_is(value, "INSUFFICIENT_DATA"))
		*out = (struct text){"unknown", 7};
	else
		return reason_set(why, "the alarm's state is none of OK, ALARM, INSUFFICIENT_DATA");
	return true;
}

static bool event_read(
	json_t *document, const struct alarm *alarm, struct event *event, struct reason *why)
{
	event->entity = text_of(alarm->name);
	if (event->entity.bytes == NULL)
		return reason_set(why, "the alarm has no name");
	event->check = text_of(alarm->metric);
	if (event->check.bytes == NULL)
		event->check = event->entity;
	if (!state_read(alarm->state, &event->state, why))
		return false;
	event->summary = text_of(alarm->reason);
	event->details = details_make(document, alarm);
	isotime_read(text_of(alarm->time), &event->time);
	if (json_object_set_new(document, " ", json_string("httpbroker")) == 0)
		event->tags = member(document, " ");
	return true;
}

static void alarm_translate(
	json_t *document, const struct format_context *context, struct intake *out)
{
	struct alarm alarm =
		is_eventbridge(document) ? eventbridge_read(document) : direct_read(document);
	struct event event;
	struct reason why;

	event_init(&event, context->now);
	event.ttl = context->ttl != 0 ? context->ttl : EVENT_TTL_NEVER;
	if (event_read(document, &alarm, &event, &why))
		intake_event(out, &event, context);
	else
		out->refuse(out, &why);
}

const struct format format_cloudwatch = {"cloudwatch", false, alarm_matches, alarm_translate};
