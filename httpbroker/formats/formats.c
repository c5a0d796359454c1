/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/values.h"
#include "httpbroker/limits.h"
#include "httpbroker/sns/cloudwatch.h"
#include "httpbroker/sns/envelope.h"

/* The first that matches is it: so what has an `entity` is never anything but Flapjack's. */
static const struct format *const formats[] = {
	&format_flapjack,
	&format_alertmanager,
	&format_newrelic_workflow,
	&format_newrelic,
	&format_sns,
	&format_cloudwatch,
};

unsigned formats_count(void)
{
	return sizeof formats / sizeof formats[0];
}

const struct format *format_at(unsigned number)
{
	return formats[number];
}

static const struct format *format_find(const json_t *document)
{
	for (unsigned i = 0; i < formats_count(); i++)
		if (formats[i]->matches(document))
			return formats[i];
	return NULL;
}

static bool unknown_explain(const json_t *document, struct reason *why)
{
	if (!json_is_object(document))
		return reason_set(
			why, "this is no event, but %s: post an object", value_kind(document));
	return reason_set(why, "this is no event: 'entity' is missing");
}

/* Of the former names, only what an earlier version would have taken, and what differs. */
static void former_check(struct event *event)
{
	struct reason ignored;
	bool differs = !text_equals(event->former_entity, event->entity) ||
		       !text_equals(event->former_check, event->check);

	if (!differs || !event_name_check("entity", event->former_entity, &ignored) ||
		!event_name_check("check", event->former_check, &ignored))
		event->former_check = (struct text){NULL, 0};
}

static bool quotes_check(const struct event *event, struct reason *why)
{
	return event_quotes_check("entity", event->entity, why) &&
	       event_quotes_check("check", event->check, why);
}

void intake_event(struct intake *out, struct event *event, const struct format_context *context)
{
	struct reason why;

	if (event->former_check.bytes != NULL)
		former_check(event);
	if (event_check(event, context->flapjack, context->now, &why) &&
		(context->stored || quotes_check(event, &why)))
		out->event(out, event);
	else
		out->refuse(out, &why);
}

const struct format *format_translate(
	json_t *document, const struct format_context *context, struct intake *out)
{
	const struct format *format = NULL;
	struct reason why;

	if (value_is_deep(document, LIMIT_NESTING))
		reason_set(&why, "arrays and objects are nested more than %d deep", LIMIT_NESTING);
	else if ((format = format_find(document)) == NULL)
		unknown_explain(document, &why);
	if (format == NULL)
		out->refuse(out, &why);
	else
		format->translate(document, context, out);
	return format;
}
