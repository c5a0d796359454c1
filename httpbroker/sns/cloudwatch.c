/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/cloudwatch.h"

#include "httpbroker/events/isotime.h"
#include "httpbroker/sns/alarm.h"
#include "httpbroker/sns/details.h"

#include <string.h>

/* The details are made of many parts, so the document has to hold them. */
static struct text details_make(json_t *document, const struct alarm *alarm)
{
	struct buffer out = {0};

	details_append(&out, alarm);
	json_t *details = out.length > 0 ? json_stringn(out.data, out.length) : NULL;
	buffer_free(&out);
	if (details == NULL || json_object_set_new(document, "", details) != 0)
		return (struct text){NULL, 0};
	return alarm_text(details);
}

static bool state_read(const json_t *value, struct text *out, struct reason *why)
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
	json_t *document, const struct alarm *alarm, struct event *event, struct reason *why)
{
	event->entity = alarm_text(alarm->name);
	if (event->entity.bytes == NULL)
		return reason_set(why, "the alarm has no name");
	event->check = alarm_text(alarm->metric);
	if (event->check.bytes == NULL)
		event->check = event->entity;
	if (!state_read(alarm->state, &event->state, why))
		return false;
	event->summary = alarm_text(alarm->reason);
	event->details = details_make(document, alarm);
	isotime_read(alarm_text(alarm->time), &event->time);
	if (json_object_set_new(document, " ", json_string("httpbroker")) == 0)
		event->tags = json_object_get(document, " ");
	return true;
}

static void alarm_translate(
	json_t *document, const struct format_context *context, struct intake *out)
{
	struct alarm alarm = alarm_read(document);
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
