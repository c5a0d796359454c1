/* SPDX-License-Identifier: MIT */
#include "httpbroker/checks/encode.h"

#include "common/utf8.h"
#include "httpbroker/limits.h"

#include <stdbool.h>
#include <string.h>

static bool needs_escape(char c)
{
	return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

static void escape_append(struct buffer *out, char c)
{
	static const char letters[] = "btn?fr"; /* for the bytes from 8 to 13 */

	if (c == '"' || c == '\\')
		buffer_append(out, (const char[]){'\\', c}, 2);
	else if (c >= '\b' && c <= '\r' && c != '\v')
		buffer_append(out, (const char[]){'\\', letters[c - '\b']}, 2);
	else
		buffer_printf(out, "\\u%04x", (unsigned)c);
}

void jsontext_string(struct buffer *out, const char *bytes, size_t length)
{
	size_t start = 0;

	buffer_append(out, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		if (!needs_escape(bytes[i]))
			continue;
		buffer_append(out, bytes + start, i - start);
		escape_append(out, bytes[i]);
		start = i + 1;
	}
	buffer_append(out, bytes + start, length - start);
	buffer_append(out, "\"", 1);
}

size_t jsontext_digits(char out[JSONTEXT_NUMBER], int64_t number)
{
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char reversed[JSONTEXT_NUMBER];
	size_t count = 0, used = 0;

	do
		reversed[count++] = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	if (number < 0)
		out[used++] = '-';
	while (count > 0)
		out[used++] = reversed[--count];
	return used;
}

void jsontext_number(struct buffer *out, int64_t number)
{
	char digits[JSONTEXT_NUMBER];

	buffer_append(out, digits, jsontext_digits(digits, number));
}

/* A string, cleaned: nothing else may go out, whatever came in. */
static void string_append(struct buffer *out, struct text text, enum utf8_lines lines)
{
	struct buffer clean = {NULL, 0, 0};

	if (utf8_clean_span(text.bytes, text.length, lines) == text.length) {
		jsontext_string(out, text.bytes, text.length);
		return;
	}
	utf8_clean_append(&clean, text.bytes, text.length, lines);
	jsontext_string(out, clean.data != NULL ? clean.data : "", clean.length);
	buffer_free(&clean);
}

/* A text of one line. */
static void text_append(struct buffer *out, const char *key, struct text text)
{
	if (text.bytes == NULL)
		return;
	buffer_append_text(out, key);
	string_append(out, text, UTF8_ONE_LINE);
}

/* The longest beginning of at most `limit` bytes that does not end inside a character. */
static size_t whole_characters(struct text text, size_t limit)
{
	while (limit > 0 && ((unsigned char)text.bytes[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

/* A text of any number of lines. A long one is cut, and ends in `…` then. */
static void text_append_cut(struct buffer *out, const char *key, struct text text, size_t limit)
{
	static const char ellipsis[] = "\xe2\x80\xa6\"";
	bool cut = text.length > limit;

	if (text.bytes == NULL)
		return;
	if (cut)
		text.length = whole_characters(text, limit);
	buffer_append_text(out, key);
	string_append(out, text, UTF8_LINES);
	if (!cut)
		return;
	out->length--; /* before the closing quote */
	buffer_append(out, ellipsis, sizeof ellipsis - 1);
}

static void seconds_append(struct buffer *out, const char *key, int64_t seconds)
{
	if (seconds == EVENT_NOT_GIVEN)
		return;
	buffer_append_text(out, key);
	jsontext_number(out, seconds);
}

static void tag_append(struct buffer *out, const json_t *tag)
{
	struct text text = {json_string_value(tag), json_string_length(tag)};

	string_append(out, text, UTF8_ONE_LINE);
}

static void tags_append(struct buffer *out, const json_t *tags)
{
	if (tags == NULL)
		return;
	buffer_append_text(out, ",\"tags\":[");
	if (json_is_string(tags))
		tag_append(out, tags);
	for (size_t i = 0; i < json_array_size(tags); i++) {
		if (i > 0)
			buffer_append(out, ",", 1);
		tag_append(out, json_array_get(tags, i));
	}
	buffer_append(out, "]", 1);
}

/* As service, Flapjack 1 would take the words that are no state for the check's new state. */
static const char *type_of(enum state state)
{
	return state_lasts(state) ? ",\"type\":\"service\"" : ",\"type\":\"action\"";
}

static void head_append(struct buffer *out, const struct event *event)
{
	text_append(out, "{\"entity\":", event->entity);
	text_append(out, ",\"check\":", event->check);
	buffer_append_text(out, type_of(event->state));
}

static void middle_append(struct buffer *out, const struct event *event, int flapjack)
{
	text_append(out, ",\"state\":", event->state_text);
	text_append_cut(out, ",\"summary\":",
		event->summary.bytes != NULL ? event->summary : (struct text){"", 0},
		LIMIT_SUMMARY);
	text_append_cut(out, ",\"details\":", event->details, LIMIT_DETAILS);
	if (flapjack == 1)
		text_append(out, ",\"perfdata\":", event->perfdata);
	text_append(out, ",\"acknowledgement_id\":", event->acknowledgement_id);
	seconds_append(out, ",\"duration\":", event->duration);
}

static void tail_append(struct buffer *out, const struct event *event, int flapjack)
{
	tags_append(out, event->tags);
	seconds_append(out, ",\"initial_failure_delay\":", event->initial_failure_delay);
	seconds_append(out, ",\"repeat_failure_delay\":", event->repeat_failure_delay);
	if (flapjack == 2)
		seconds_append(out, ",\"initial_recovery_delay\":", event->initial_recovery_delay);
}

struct encoded encoded_make(const struct event *event, int flapjack, struct buffer *out)
{
	size_t start = out->length;
	struct encoded encoded;

	head_append(out, event);
	encoded.head = (uint32_t)(out->length - start);
	middle_append(out, event, flapjack);
	encoded.tail = (uint32_t)(out->length - start);
	tail_append(out, event, flapjack);
	encoded.length = (uint32_t)(out->length - start);
	encoded.bytes = out->data + start;
	return encoded;
}
