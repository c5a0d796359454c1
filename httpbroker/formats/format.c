/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/format.h"

#include "common/buffer.h"
#include "common/utf8_clean.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/limits.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t blanks_skip(const char *bytes, size_t at, size_t length)
{
	while (at < length && is_blank(bytes[at]))
		at++;
	return at;
}

/* With a byte-order mark, or as a bracket with its NUL: no JSON in UTF-8 begins so. */
static bool is_utf16(const char *bytes, size_t length)
{
	static const char *const beginnings[] = {
		"\xff\xfe", "\xfe\xff", "{\0", "[\0", "\0{", "\0["};

	for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
		if (length >= 2 && memcmp(bytes, beginnings[i], 2) == 0)
			return true;
	return false;
}

/* jansson's message for a byte-order mark shows invisible bytes. */
static const char *failure_text(const char *bytes, size_t length, const json_error_t *error)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (length >= sizeof mark - 1 && memcmp(bytes, mark, sizeof mark - 1) == 0)
		return "there is a byte-order mark: send UTF-8 without it";
	if (is_utf16(bytes, length))
		return "this looks like UTF-16: send UTF-8";
	return error->text;
}

/* Such escapes are rare: the text is copied and mended only after a failure. */
json_t *body_document(const char *bytes, size_t length, size_t flags, json_error_t *error)
{
	json_t *document = json_loadb(bytes, length, flags, error);
	struct buffer mended = {NULL, 0, 0};

	if (document != NULL || length == 0)
		return document;
	buffer_append(&mended, bytes, length);
	if (utf8_mend_escapes(mended.data, mended.length))
		document = json_loadb(mended.data, mended.length, flags, error);
	buffer_free(&mended);
	return document;
}

static enum body_fault fault_of(enum jsonpool_end end, struct reason *why)
{
	switch (end) {
	case JSONPOOL_LARGE:
		reason_set(why, "the document needs more memory than there is for one (half of "
				"--max-held): send it in parts");
		return BODY_LARGE;
	case JSONPOOL_FULL:
		reason_set(why, "there is no memory for the document now (--max-held)");
		return BODY_FULL;
	default:
		return BODY_NO_JSON;
	}
}

/* Reads a document that begins on `line`. With `used` more may follow: *used is where it ends. */
static json_t *document_read(const char *bytes, size_t length, uint32_t line, size_t *used,
	enum body_fault *fault, struct reason *why)
{
	json_error_t error;
	size_t flags = JSON_REJECT_DUPLICATES | (used != NULL ? JSON_DISABLE_EOF_CHECK : 0);

	jsonpool_read_begin();
	json_t *document = body_document(bytes, length, flags, &error);
	enum jsonpool_end end = jsonpool_read_end();
	if (end != JSONPOOL_FITS) {
		json_decref(document);
		document = NULL;
	} else if (document == NULL) {
		reason_set(why, "line %ld, column %d: %s", (long)line - 1 + error.line,
			error.column, failure_text(bytes, length, &error));
	} else if (used != NULL) {
		*used = (size_t)error.position;
	}
	*fault = fault_of(end, why);
	return document;
}

static bool line_visit(
	const char *bytes, size_t length, struct position position, struct body_visitor *visitor)
{
	struct reason why;
	enum body_fault fault;
	json_t *document = document_read(bytes, length, position.line, NULL, &fault, &why);

	if (document == NULL)
		return visitor->broken(visitor, fault, &why, position);
	bool more = visitor->document(visitor, document, position);
	json_decref(document);
	return more;
}

static void lines_visit(const char *bytes, size_t length, struct body_visitor *visitor)
{
	struct position position = {0, 1};

	for (size_t at = 0, end; at < length; at = end + 1, position.line++) {
		const char *newline = memchr(bytes + at, '\n', length - at);

		end = newline != NULL ? (size_t)(newline - bytes) : length;
		if (blanks_skip(bytes, at, end) == end)
			continue;
		if (!line_visit(bytes + at, end - at, position, visitor))
			return;
		position.index++;
	}
}

static void elements_visit(const json_t *array, struct body_visitor *visitor)
{
	struct position position = {0, 0};

	while (position.index < json_array_size(array)) {
		json_t *element = json_array_get(array, position.index);

		if (!visitor->document(visitor, element, position))
			return;
		position.index++;
	}
}

/* Whether the document is on one line, and the next bytes, at `next`, are on another. */
static bool is_first_line(const char *bytes, size_t begin, size_t end, size_t next)
{
	return memchr(bytes + begin, '\n', end - begin) == NULL &&
	       memchr(bytes + end, '\n', next - end) != NULL;
}

/* The first document was read up to `end`: it is the only one, or the first of many lines. */
static enum body_kind rest_visit(json_t *document, const char *bytes, size_t length, size_t end,
	struct body_visitor *visitor, struct reason *why)
{
	size_t begin = blanks_skip(bytes, 0, length);
	size_t next = blanks_skip(bytes, end, length);

	if (next == length) {
		if (json_is_array(document)) {
			elements_visit(document, visitor);
			return BODY_MANY;
		}
		visitor->document(visitor, document, (struct position){0, 0});
		return BODY_ONE;
	}
	if (!is_first_line(bytes, begin, end, next)) {
		size_t line = 1, start = 0;

		for (size_t i = 0; i < next; i++)
			if (bytes[i] == '\n') {
				line++;
				start = i + 1;
			}
		reason_set(why,
			"line %zu, column %zu: something follows the document: several go into an array, "
			"or one on each line",
			line, next - start + 1);
		return BODY_BROKEN;
	}
	lines_visit(bytes, length, visitor);
	return BODY_MANY;
}

enum body_kind body_read(const char *bytes, size_t length, bool lines, struct body_visitor *visitor,
	struct reason *why)
{
	size_t end;

	visitor->fault = BODY_NO_JSON;
	if (lines) {
		lines_visit(bytes, length, visitor);
		return BODY_MANY;
	}
	if (blanks_skip(bytes, 0, length) == length) {
		reason_set(why, "the body is empty: post a JSON object");
		return BODY_BROKEN;
	}
	json_t *document = document_read(bytes, length, 1, &end, &visitor->fault, why);
	if (document == NULL)
		return BODY_BROKEN;
	enum body_kind kind = rest_visit(document, bytes, length, end, visitor, why);
	json_decref(document);
	return kind;
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
static void former_names_check(struct event *event)
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
		former_names_check(event);
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
