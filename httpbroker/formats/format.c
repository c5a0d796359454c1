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

static bool sns_read(json_t *document, struct event *event, struct reason *why)
{
	(void)document, (void)event;
	return reason_set(why, "a message of SNS must be the only document of its request");
}

const struct format format_sns = {.name = "sns", .matches = sns_matches, .read = sns_read};

#define FORMAT_ADDRESS(name) &format_##name,
static const struct format *const formats[] = {FORMATS(FORMAT_ADDRESS)};

unsigned formats_count(void)
{
	return sizeof formats / sizeof formats[0];
}

const struct format *format_at(unsigned number)
{
	return formats[number];
}

/* Documents of services that are not supported, by their keys, and what to do instead. */
static const struct unsupported {
	const char *key;
	const char *other; /* NULL: one key is enough */
	const char *what;
} unsupported[] = {
	{"ruleId", "evalMatches",
		"a webhook of Grafana's legacy alerting, which is not supported: use Grafana "
		"Alerting"},
	{"Records", NULL,
		"what Amazon gives to Lambda ('Records'), which is not supported: subscribe the "
		"broker to the SNS topic itself"},
	{"client", "check",
		"an event of Sensu Core 1, which is not supported: only Sensu Go's are"},
	{"routing_key", "event_action", "an event for PagerDuty, which is not supported"},
	{"detail-type", "source",
		"an event of EventBridge other than a CloudWatch alarm, which is not supported"},
	{"labels", "annotations",
		"an alert as Prometheus posts it to Alertmanager, which is not supported: post by a "
		"webhook of Alertmanager"},
};

static bool unknown_explain(const json_t *document, struct reason *why)
{
	for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++) {
		const struct unsupported *row = &unsupported[i];

		if (json_object_get(document, row->key) != NULL &&
			(row->other == NULL || json_object_get(document, row->other) != NULL))
			return reason_set(why, "this is %s", row->what);
	}
	if (!json_is_object(document))
		return reason_set(
			why, "this is no event, but %s: post an object", value_kind(document));
	return reason_set(why, "this is no event: 'entity' is missing");
}

/* Drops former names that an earlier version would have refused, and those that did not change. */
static void former_check(struct event *event)
{
	struct reason ignored;
	bool differs = !text_equals(event->former_entity, event->entity) ||
		       !text_equals(event->former_check, event->check);

	if (!differs || !event_name_check("entity", event->former_entity, &ignored) ||
		!event_name_check("check", event->former_check, &ignored))
		event->former_check = (struct text){NULL, 0};
}

void event_sink_event(
	struct event_sink *out, struct event *event, const struct format_context *context)
{
	const nsec now = context->now * NSEC_PER_SEC + context->millis * NSEC_PER_MSEC;
	struct reason why;

	if (event->former_check.bytes != NULL)
		former_check(event);
	if (event_check(event, context->flapjack, now, &why) &&
		(context->stored || (event_quotes_check("entity", event->entity, &why) &&
					    event_quotes_check("check", event->check, &why))))
		out->event(out, event);
	else
		out->refuse(out, &why);
}

void format_event_init(
	const struct format *format, const struct format_context *context, struct event *event)
{
	event_init(event);
	event->ttl = context->ttl != 0 ? context->ttl : format->ttl;
}

void format_apply(const struct format *format, json_t *document,
	const struct format_context *context, struct event_sink *out)
{
	struct event event;
	struct reason why;

	if (format->many) {
		format->translate(document, context, out);
		return;
	}
	format_event_init(format, context, &event);
	if (format->is_test != NULL && format->is_test(document))
		out->skip(out, SKIPPED_TEST);
	else if (format->read(document, &event, &why))
		event_sink_event(out, &event, context);
	else
		out->refuse(out, &why);
}

const struct format *format_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	struct reason why;

	if (value_is_deep(document, LIMIT_NESTING)) {
		reason_set(&why, "arrays and objects are nested more than %d deep", LIMIT_NESTING);
		out->refuse(out, &why);
		return NULL;
	}
	for (unsigned i = 0; i < formats_count(); i++) {
		if (formats[i]->matches(document)) {
			format_apply(formats[i], document, context, out);
			return formats[i];
		}
	}
	unknown_explain(document, &why);
	out->refuse(out, &why);
	return NULL;
}
