/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/cloudwatch.h"

#include "httpbroker/events/isotime.h"
#include "httpbroker/formats/names.h"
#include "httpbroker/formats/values.h"
#include "httpbroker/sns/alarm.h"
#include "httpbroker/sns/details.h"

#include <string.h>

/* The details are made of many parts, so the document has to hold them. */
static struct text details_make(json_t *document, const struct alarm *alarm)
{
	struct buffer out = {NULL, 0, 0};
	struct text details = {NULL, 0};

	details_append(&out, alarm);
	if (out.length > 0)
		details = text_keep(document, out.data, out.length);
	buffer_free(&out);
	return details;
}

/* Of the ARN; where there is none, what the alarm says of it. */
static struct text place_read(json_t *document, struct text part, const json_t *said)
{
	return part.bytes != NULL ? text_keep(document, part.bytes, part.length) : alarm_text(said);
}

static struct text check_name(json_t *document, const struct alarm *alarm, struct text name)
{
	const struct label all[] = {
		{"account", place_read(document, alarm_arn_part(alarm, ALARM_ARN_ACCOUNT),
				    alarm->account)},
		{"region", place_read(document, alarm_arn_part(alarm, ALARM_ARN_REGION),
				   alarm->region)},
	};
	struct label given[2];
	size_t count = 0;

	for (size_t i = 0; i < 2; i++)
		if (all[i].value.bytes != NULL)
			given[count++] = all[i];
	return name_labelled(document, name, given, count);
}

static bool names_read(
	json_t *document, const struct alarm *alarm, struct event *event, struct reason *why)
{
	struct text name = alarm_text(alarm->name), metric = alarm_text(alarm->metric);
	struct text former_metric = alarm_text(alarm->former_metric);

	if (name.bytes == NULL)
		name = alarm_arn_part(alarm, ALARM_ARN_NAME);
	event->entity = name_fit(document, name);
	if (event->entity.bytes == NULL)
		return reason_set(why, "the alarm has no name");
	event->check = check_name(document, alarm, metric.bytes != NULL ? metric : name);
	if (event->check.bytes == NULL)
		event->check = event->entity;
	event->former_entity = name;
	event->former_check = former_metric.bytes != NULL ? former_metric : name;
	return true;
}

static bool alarm_state(const json_t *value, struct text *out, struct reason *why)
{
	const char *word = json_is_string(value) ? json_string_value(value) : "";

	if (strcmp(word, "OK") == 0)
		*out = text_literal("ok");
	else if (strcmp(word, "ALARM") == 0)
		*out = text_literal("critical");
	else if (strcmp(word, "INSUFFICIENT_DATA") == 0)
		*out = text_literal("unknown");
	else
		return reason_set(why, "the alarm's state is none of OK, ALARM, INSUFFICIENT_DATA");
	return true;
}

static bool event_read(
	json_t *document, struct alarm *alarm, struct event *event, struct reason *why)
{
	if (!names_read(document, alarm, event, why) ||
		!alarm_state(alarm->state, &event->state_text, why))
		return false;
	event->summary = alarm_text(alarm->reason);
	if (text_is(event->state_text, "ok"))
		alarm->description = NULL; /* it is the problem's */
	event->details = details_make(document, alarm);
	isotime_read(alarm_text(alarm->time), &event->time);
	if (json_object_set_new(document, " ", json_string("httpbroker")) == 0)
		event->tags = json_object_get(document, " ");
	return true;
}

static void alarm_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	struct alarm alarm = alarm_read(document);
	struct event event;
	struct reason why;

	event_init(&event);
	event.ttl = context->ttl != 0 ? context->ttl : EVENT_TTL_NEVER;
	if (event_read(document, &alarm, &event, &why))
		event_sink_event(out, &event, context);
	else
		out->refuse(out, &why);
}

const struct format format_cloudwatch = {"cloudwatch", false, alarm_matches, alarm_translate};
