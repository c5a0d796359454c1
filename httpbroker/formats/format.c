/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/format.h"

#include "common/buffer.h"
#include "common/utf8.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/limits.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static void characters_replace(struct buffer *name, char from, char to)
{
	char *at = name->data;

	while ((at = memchr(at, from, name->length - (size_t)(at - name->data))) != NULL)
		*at++ = to;
}

static void clean_append(struct buffer *out, struct text text)
{
	utf8_clean_append(out, text.bytes, text.length, UTF8_ONE_LINE);
}

/* Cuts a name between characters, at `limit` bytes, and appends a hash of the whole. */
static void name_cut(struct buffer *name, size_t limit, const struct buffer *whole)
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	while (limit > 0 && ((unsigned char)name->data[limit] & 0xc0) == 0x80)
		limit--;
	name->length = limit;
	EVP_Digest(whole->data, whole->length, digest, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < NAME_HASH / 2; i++)
		buffer_printf(name, "%02x", digest[i]);
}

static struct text name_keep(json_t *document, struct buffer *name)
{
	struct text text = {NULL, 0};

	if (name->length > 0)
		text = text_keep(document, name->data, name->length);
	buffer_free(name);
	return text;
}

struct text name_fit(json_t *document, struct text text)
{
	struct buffer name = {NULL, 0, 0}, whole = {NULL, 0, 0};

	if (text.bytes == NULL || text.length == 0)
		return (struct text){NULL, 0};
	if (text.length <= LIMIT_NAME && memchr(text.bytes, '"', text.length) == NULL &&
		utf8_clean_span(text.bytes, text.length, UTF8_ONE_LINE) == text.length)
		return text;
	buffer_append(&whole, text.bytes, text.length);
	clean_append(&name, text);
	if (name.length > 0)
		characters_replace(&name, '"', '\'');
	if (name.length > LIMIT_NAME)
		name_cut(&name, LIMIT_NAME - NAME_HASH, &whole);
	buffer_free(&whole);
	return name_keep(document, &name);
}

struct text name_first(json_t *document, const char *const *keys, struct text *given)
{
	for (; *keys != NULL; keys++) {
		const json_t *value = json_object_get(document, *keys);

		if (json_is_array(value))
			value = json_array_get(value, 0); /* NULL if it is empty */
		*given = value_shown(document, value);
		struct text name = name_fit(document, *given);
		if (name.bytes != NULL)
			return name;
	}
	*given = (struct text){NULL, 0};
	return *given;
}

static int labels_compare(const void *a, const void *b)
{
	const struct label *one = a, *other = b;

	return strcmp(one->key, other->key);
}

/* The byte 0xff is in no UTF-8, so that no two sets of labels look alike. */
static void whole_append(struct buffer *whole, const char *bytes, size_t length)
{
	buffer_append(whole, bytes, length);
	buffer_append(whole, "\xff", 1);
}

static void label_append(struct buffer *out, struct buffer *whole, const struct label *label)
{
	clean_append(out, text_literal(label->key));
	buffer_append(out, "=", 1);
	clean_append(out, label->value);
	whole_append(whole, label->key, strlen(label->key));
	whole_append(whole, label->value.bytes, label->value.length);
}

struct text name_labelled(json_t *document, struct text name, struct label *labels, size_t count)
{
	struct buffer out = {NULL, 0, 0}, whole = {NULL, 0, 0};

	if (count > 1)
		qsort(labels, count, sizeof labels[0], labels_compare);
	clean_append(&out, name);
	whole_append(&whole, name.bytes, name.length);
	for (size_t i = 0; i < count; i++) {
		buffer_append(&out, i == 0 ? "{" : ",", 1);
		label_append(&out, &whole, &labels[i]);
	}
	buffer_append(&out, "}", count > 0 ? 1 : 0);
	characters_replace(&out, '"', '\'');
	characters_replace(&out, ':', '_');
	if (out.length > LABELLED_MAX)
		name_cut(&out, LABELLED_MAX, &whole);
	buffer_free(&whole);
	return name_keep(document, &out);
}

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
