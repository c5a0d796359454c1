/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/feed.h"

#include "common/buffer.h"
#include "common/lines.h"
#include "common/memory.h"
#include "common/utf8.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/json_stream.h"
#include "httpbroker/submit/line_formats.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct format {
	const char *name;
	line_translate *translate; /* NULL: JSON documents */
	char mark;                 /* separates events on one line; NUL: none does */
} formats[] = {
	{"json", NULL, '\0'},
	{"nagios", nagios_translate, '\0'},
	{"nsca", nsca_translate, NSCA_MARK},
	{"extcmd", extcmd_translate, '\0'},
};

struct feed {
	const struct format *format;
	struct feed_options options;
	struct defaults *defaults;
	struct documents *documents; /* NULL: a line format */
	struct lines lines;
	struct plugin_text parts; /* of a line's output */
	struct buffer summary;    /* of a line that has none */
	struct buffer mended;     /* a repaired document */
	struct buffer json;       /* the last event, where it differs from the input */
};

static const struct format *format_named(const char *name, struct reason *why)
{
	struct buffer names = {NULL, 0, 0};

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (strcmp(formats[i].name, name) == 0) {
			buffer_free(&names);
			return &formats[i];
		}
		buffer_printf(&names, "%s%s", i > 0 ? ", " : "", formats[i].name);
	}
	reason_set(why, "'%s' is none of the formats %s", name, names.data);
	buffer_free(&names);
	return NULL;
}

struct feed *feed_new(const struct feed_options *options, struct reason *why)
{
	const struct format *known = format_named(options->format, why);

	if (known == NULL)
		return NULL;
	struct feed *feed = memory_zeroed(1, sizeof *feed);
	feed->format = known;
	feed->options = *options;
	feed->defaults = defaults_new(&feed->options.defaults);
	lines_init(&feed->lines, FEED_LINE_MAX);
	feed->lines.mark = known->mark;
	if (known->translate == NULL)
		feed->documents = documents_new(FEED_DOCUMENT_MAX);
	return feed;
}

void feed_free(struct feed *feed)
{
	if (feed->documents != NULL)
		documents_free(feed->documents);
	lines_free(&feed->lines);
	defaults_free(feed->defaults);
	buffer_free(&feed->parts.perfdata);
	buffer_free(&feed->summary);
	buffer_free(&feed->mended);
	buffer_free(&feed->json);
	free(feed);
}

/* A NUL would cut its line: it becomes a byte that is no UTF-8, and is replaced as such. */
static void line_bytes_push(struct lines *lines, const void *bytes, size_t length)
{
	lines_push(lines, bytes, length);
	char *at = lines->pending.data + lines->pending.length - length;
	const char *end = at + length;

	while ((at = memchr(at, '\0', (size_t)(end - at))) != NULL)
		*at++ = '\xff';
}

void feed_push(struct feed *feed, const void *bytes, size_t length)
{
	if (feed->documents != NULL)
		documents_push(feed->documents, bytes, length);
	else
		line_bytes_push(&feed->lines, bytes, length);
}

void feed_finish(struct feed *feed)
{
	if (feed->documents != NULL)
		documents_finish(feed->documents);
	else
		lines_finish(&feed->lines);
}

/* jansson checks words, numbers, escapes and UTF-8; the broker checks the rest. Unpaired
 * surrogates, which jansson rejects, are repaired as the broker does. */
static json_t *document_parse(struct feed *feed, struct document *document, struct reason *why)
{
	json_error_t error;
	json_t *json = json_loadb(document->text, document->length, JSON_ALLOW_NUL, &error);

	if (json == NULL) {
		buffer_clear(&feed->mended);
		buffer_append(&feed->mended, document->text, document->length);
		if (utf8_mend_escapes(feed->mended.data, feed->mended.length)) {
			document->text = feed->mended.data;
			json = json_loadb(document->text, document->length, JSON_ALLOW_NUL, &error);
		}
	}
	if (json == NULL) {
		uint64_t line = document->line + (uint64_t)error.line - 1;
		size_t before = error.line == 1 ? document->column - 1 : 0;

		reason_set(why, "%s (line %llu, column %zu)", error.text, (unsigned long long)line,
			before + (size_t)error.column);
	}
	return json;
}

/* The event, with the defaults that it lacks. */
static void document_item(struct feed *feed, const struct document *document, const json_t *json,
	struct feed_item *item)
{
	item->json = document->text;
	item->length = document->length;
	item->timeless =
		json_object_get(json, "time") == NULL &&
		(json_object_get(json, "entity") != NULL || feed->options.defaults.entity != NULL);
	buffer_clear(&feed->json);
	if (defaults_insert(feed->defaults, json, document->text, document->length, &feed->json)) {
		item->json = feed->json.data;
		item->length = feed->json.length;
	}
}

static enum feed_result document_next(struct feed *feed, struct feed_item *item, struct reason *why)
{
	struct document document;
	enum documents_result result = documents_next(feed->documents, &document, why);

	if (result == DOCUMENTS_NONE)
		return FEED_NONE;
	item->line = document.line;
	if (result == DOCUMENTS_BAD)
		return FEED_BAD;
	json_t *json = document_parse(feed, &document, why);
	if (json == NULL)
		return FEED_BAD;
	document_item(feed, &document, json, item);
	json_decref(json);
	return FEED_EVENT;
}

static bool line_parse(struct feed *feed, char *line, struct feed_item *item, struct reason *why)
{
	const struct line_context context = {feed->options.delimiter, &feed->parts, &feed->summary};
	struct fields fields = {.time = FIELDS_NO_TIME};

	if (!feed->format->translate(line, &context, &fields, why))
		return false;
	defaults_fill(feed->defaults, &fields);
	buffer_clear(&feed->json);
	fields_write(&fields, &feed->json);
	item->json = feed->json.data;
	item->length = feed->json.length;
	item->timeless = fields.time == FIELDS_NO_TIME;
	return true;
}

static enum feed_result line_next(struct feed *feed, struct feed_item *item, struct reason *why)
{
	enum lines_result result;
	char *line;

	do
		result = lines_next(&feed->lines, &line);
	while (result == LINES_LINE && line[0] == '\0');
	if (result == LINES_NONE)
		return FEED_NONE;
	item->line = feed->lines.number;
	if (result == LINES_TOO_LONG) {
		reason_set(why, "longer than %zu bytes", FEED_LINE_MAX);
		return FEED_BAD;
	}
	return line_parse(feed, line, item, why) ? FEED_EVENT : FEED_BAD;
}

enum feed_result feed_next(struct feed *feed, struct feed_item *item, struct reason *why)
{
	return feed->documents != NULL ? document_next(feed, item, why)
				       : line_next(feed, item, why);
}
