/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/format.h"

#include "httpbroker/formats/json.h"
#include "httpbroker/limits.h"

/* A message of Amazon SNS (sns/envelope.h) holds events only after its signature is verified. */
static bool sns_matches(const json_t *document)
{
	return json_object_get(document, "entity") == NULL &&
	       json_is_string(json_object_get(document, "Type")) &&
	       json_is_string(json_object_get(document, "TopicArn"));
}

static void sns_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	struct reason why;

	(void)document, (void)context;
	reason_set(&why, "a message of SNS must be the only document of its request");
	out->refuse(out, &why);
}

const struct format format_sns = {"sns", false, sns_matches, sns_translate};

/* The first format that matches is used. */
static const struct format *const formats[] = {
	&format_flapjack,
	&format_sensu,
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

/* What others post here in error: known by these keys, and told what to do instead. */
static const struct shape {
	const char *key;
	const char *other; /* NULL: one is enough */
	const char *what;
} shapes[] = {
	{"ruleId", "evalMatches",
		"a webhook of Grafana's legacy alerting, which is not taken: use Grafana Alerting"},
	{"Records", NULL,
		"what Amazon gives to Lambda ('Records'), which is not taken: subscribe the broker to "
		"the SNS topic itself"},
	{"client", "check", "an event of Sensu Core 1, which is not taken: only Sensu Go's are"},
	{"routing_key", "event_action", "an event for PagerDuty, which is not taken"},
	{"detail-type", "source",
		"an event of EventBridge other than a CloudWatch alarm, which is not taken"},
	{"labels", "annotations",
		"an alert as Prometheus posts it to Alertmanager, which is not taken: post by a webhook "
		"of Alertmanager"},
};

static const struct shape *shape_find(const json_t *document)
{
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (json_object_get(document, shapes[i].key) != NULL &&
			(shapes[i].other == NULL ||
				json_object_get(document, shapes[i].other) != NULL))
			return &shapes[i];
	return NULL;
}

static bool unknown_explain(const json_t *document, struct reason *why)
{
	const struct shape *shape = shape_find(document);

	if (shape != NULL)
		return reason_set(why, "this is %s", shape->what);
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

void event_sink_event(
	struct event_sink *out, struct event *event, const struct format_context *context)
{
	const nsec now = context->now * NSEC_PER_SEC + context->millis * NSEC_PER_MSEC;
	struct reason why;

	if (event->former_check.bytes != NULL)
		former_check(event);
	if (event_check(event, context->flapjack, now, &why) &&
		(context->stored || quotes_check(event, &why)))
		out->event(out, event);
	else
		out->refuse(out, &why);
}

const struct format *format_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
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
