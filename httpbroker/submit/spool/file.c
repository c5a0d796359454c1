/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/spool/file.h"

#include "httpbroker/submit/delivery/batch.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define HEAD_MAX 80 /* bytes of the first line */
#define HEAD_FORMAT "httpbroker-submit spool 1: %zu events, %zu bytes\n"

/* Line breaks stand between the tokens of an event, never in its strings. */
static void line_append(struct buffer *out, const struct queued *event)
{
	size_t start = out->length;

	event_append_timed(out, event);
	for (size_t i = start; i < out->length; i++)
		if (out->data[i] == '\n' || out->data[i] == '\r')
			out->data[i] = ' ';
	buffer_append_text(out, "\n");
}

static size_t lines_write(struct buffer *out, const struct queued *first, size_t max)
{
	const struct queued *event = first;
	size_t count = 0;

	while (event != NULL && event->origin.file == first->origin.file &&
		count < SPOOL_FILE_EVENTS) {
		size_t before = out->length;

		line_append(out, event);
		if (out->length > max || (count > 0 && out->length > SPOOL_FILE_BYTES)) {
			out->length = before;
			break;
		}
		event = event->next;
		count++;
	}
	return count;
}

size_t spool_file_write(struct buffer *out, const struct queued *first, size_t max)
{
	struct buffer lines = {NULL, 0, 0};
	size_t count = max > HEAD_MAX ? lines_write(&lines, first, max - HEAD_MAX) : 0;

	buffer_clear(out);
	buffer_printf(out, HEAD_FORMAT, count, lines.length);
	buffer_append(out, lines.data, lines.length);
	buffer_free(&lines);
	return count;
}

/* Reads the first line; *events and *rest are what it says and where the events begin. */
static bool head_read(
	const char *bytes, size_t length, size_t *events, const char **rest, struct reason *why)
{
	const char *newline = memchr(bytes, '\n', length < HEAD_MAX ? length : HEAD_MAX);
	char head[HEAD_MAX + 1] = "", again[HEAD_MAX + 1];
	size_t said;

	if (newline == NULL)
		return reason_set(why, "it does not begin as a file of a spool does");
	memcpy(head, bytes, (size_t)(newline - bytes) + 1);
	if (sscanf(head, HEAD_FORMAT, events, &said) != 2)
		return reason_set(why, "it does not begin as a file of a spool does");
	snprintf(again, sizeof again, HEAD_FORMAT, *events, said);
	if (strcmp(head, again) != 0)
		return reason_set(why, "it does not begin as a file of a spool does");
	*rest = newline + 1;
	size_t found = length - (size_t)(*rest - bytes);
	return found == said ||
	       reason_set(why, "it has %zu bytes of events where there were %zu", found, said);
}

static bool event_read(const char *text, size_t length, struct queued *event, struct queue *queue,
	struct reason *why)
{
	json_error_t error;
	json_t *json = json_loadb(text, length, JSON_ALLOW_NUL, &error);
	bool object = json_is_object(json) && text[0] == '{';

	if (json == NULL)
		reason_set(why, "line %" PRIu64 ": %s", event->origin.line, error.text);
	else if (!object)
		reason_set(why, "line %" PRIu64 ": not an object", event->origin.line);
	json_decref(json);
	if (object)
		queue_append(queue, event, text, length);
	return object;
}

static bool lines_read(const char *text, const char *end, const char *name, struct queue *queue,
	struct reason *why)
{
	struct queued event = {.origin = {name, 2}};
	const char *newline;

	for (; text < end; text = newline + 1, event.origin.line++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			return reason_set(why, "line %" PRIu64 " has no end", event.origin.line);
		if (!event_read(text, (size_t)(newline - text), &event, queue, why))
			return false;
	}
	return true;
}

static void queue_join(struct queue *queue, struct queue *more)
{
	if (more->first == NULL)
		return;
	if (queue->last != NULL)
		queue->last->next = more->first;
	else
		queue->first = more->first;
	queue->last = more->last;
	queue->count += more->count;
	queue->bytes += more->bytes;
	*more = (struct queue){NULL, NULL, 0, 0};
}

bool spool_file_read(
	const char *bytes, size_t length, const char *name, struct queue *queue, struct reason *why)
{
	struct queue found = {NULL, NULL, 0, 0};
	const char *rest = bytes;
	size_t events = 0;

	if (!head_read(bytes, length, &events, &rest, why))
		return false;
	bool sound = lines_read(rest, bytes + length, name, &found, why);
	if (sound && found.count != events)
		sound = reason_set(why, "it has %zu event%s where there were %zu", found.count,
			found.count == 1 ? "" : "s", events);
	if (sound)
		queue_join(queue, &found);
	queue_clear(&found);
	return sound;
}
