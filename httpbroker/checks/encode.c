/* SPDX-License-Identifier: MIT */
#include "httpbroker/checks/encode.h"

#include "common/memory.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "httpbroker/limits.h"

#include <stdbool.h>
#include <stdlib.h>
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

void jsontext_line(struct buffer *out, const char *bytes, size_t length)
{
	const char *end = bytes + length, *escape;

	while ((escape = memchr(bytes, '\\', (size_t)(end - bytes))) != NULL && escape + 1 < end) {
		char c = escape[1];

		buffer_append(out, bytes, (size_t)(escape - bytes));
		buffer_append(out, c == '"' || c == '\\' ? &c : " ", 1);
		bytes = escape + (c == 'u' && end - escape >= 6 ? 6 : 2);
	}
	buffer_append(out, bytes, (size_t)(end - bytes));
}

/* Two digits at a time: with one, it takes a fifth of the instructions of a repeat. */
size_t jsontext_digits(char out[JSONTEXT_NUMBER], int64_t number)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char digits[JSONTEXT_NUMBER];
	size_t at = sizeof digits;

	if (left < 100 && number >= 0) { /* the lengths of most arguments of Redis */
		bool one = left < 10;

		memcpy(out, pairs + 2 * left + one, 2);
		return one ? 1 : 2;
	}
	for (; left >= 100; left /= 100) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * (left % 100), 2);
	}
	if (left >= 10)
		digits[--at] = pairs[2 * left + 1];
	digits[--at] = left >= 10 ? pairs[2 * left] : (char)('0' + left);
	if (number < 0)
		digits[--at] = '-';
	memcpy(out, digits + at, sizeof digits - at);
	return sizeof digits - at;
}

static int json_written(const char *bytes, size_t length, void *out)
{
	buffer_append(out, bytes, length);
	return 0;
}

void jsontext_append(struct buffer *out, json_t *document)
{
	json_dump_callback(document, json_written, out, JSON_COMPACT);
	json_decref(document);
}

void jsontext_number(struct buffer *out, int64_t number)
{
	char digits[JSONTEXT_NUMBER];

	buffer_append(out, digits, jsontext_digits(digits, number));
}

/* All strings are cleaned before they are sent. */
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

static void text_append(struct buffer *out, const char *key, struct text text)
{
	if (text.bytes == NULL)
		return;
	buffer_append_text(out, key);
	string_append(out, text, UTF8_ONE_LINE);
}

/* Keeps line breaks. A long text is cut between characters, and `…` follows. */
static void text_append_cut(struct buffer *out, const char *key, struct text text, size_t limit)
{
	static const char ellipsis[] = UTF8_ELLIPSIS "\"";
	bool cut = text.length > limit;

	if (text.bytes == NULL)
		return;
	if (cut)
		text.length = utf8_whole(text.bytes, limit);
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

static void tags_append(struct buffer *out, const json_t *tags)
{
	size_t count = json_is_string(tags) ? 1 : json_array_size(tags);

	if (tags == NULL)
		return;
	buffer_append_text(out, ",\"tags\":[");
	for (size_t i = 0; i < count; i++) {
		const json_t *tag = json_is_string(tags) ? tags : json_array_get(tags, i);

		buffer_append(out, ",", i > 0 ? 1 : 0);
		string_append(out, (struct text){json_string_value(tag), json_string_length(tag)},
			UTF8_ONE_LINE);
	}
	buffer_append(out, "]", 1);
}

struct encoded encoded_make(const struct event *event, int flapjack, struct buffer *out)
{
	struct encoded encoded;

	text_append(out, "{\"entity\":", event->entity);
	text_append(out, ",\"check\":", event->check);
	/* Flapjack 1 takes the state of a service for lasting, even acknowledgement */
	buffer_append_text(
		out, state_lasts(event->state) ? ",\"type\":\"service\"" : ",\"type\":\"action\"");
	size_t start = out->length;
	text_append(out, ",\"state\":", event->state_text);
	text_append_cut(out, ",\"summary\":",
		event->summary.bytes != NULL ? event->summary : (struct text){"", 0},
		LIMIT_SUMMARY);
	text_append_cut(out, ",\"details\":", event->details, LIMIT_DETAILS);
	if (flapjack == 1)
		text_append(out, ",\"perfdata\":", event->perfdata);
	text_append(out, ",\"acknowledgement_id\":", event->acknowledgement_id);
	seconds_append(out, ",\"duration\":", event->duration);
	encoded.tail = (uint32_t)(out->length - start);
	tags_append(out, event->tags);
	seconds_append(out, ",\"initial_failure_delay\":", event->initial_failure_delay);
	seconds_append(out, ",\"repeat_failure_delay\":", event->repeat_failure_delay);
	if (flapjack == 2)
		seconds_append(out, ",\"initial_recovery_delay\":", event->initial_recovery_delay);
	encoded.length = (uint32_t)(out->length - start);
	encoded.bytes = out->data + start;
	return encoded;
}

static char *text_write(char *out, const char *text)
{
	size_t length = strlen(text);

	memcpy(out, text, length);
	return out + length;
}

/* A valid name has no other characters that JSON escapes: event_name_check(). */
static char *name_write(char *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			*out++ = '\\';
		*out++ = bytes[i];
	}
	return out;
}

size_t encoded_head(const struct names *names, char out[ENCODED_HEAD_MAX])
{
	size_t check = (size_t)names->entity_length + 1;
	char *end = text_write(out, "{\"entity\":\"");

	end = name_write(end, names->bytes, names->entity_length);
	end = text_write(end, "\",\"check\":\"");
	end = name_write(end, names->bytes + check, names->length - check);
	end = text_write(end, "\",\"type\":\"service\"");
	return (size_t)(end - out);
}

/* The string whose content begins at `begin`. */
static struct text string_at(const struct encoded *encoded, const char *begin)
{
	const char *end = encoded->bytes + encoded->length, *c = begin;

	while (c < end && *c != '"')
		c += *c == '\\' ? 2 : 1;
	return (struct text){begin, (size_t)(c - begin)};
}

struct text encoded_state(const struct encoded *encoded)
{
	static const char before[] = ",\"state\":\"";

	return string_at(encoded, encoded->bytes + sizeof before - 1);
}

struct text encoded_summary(const struct encoded *encoded)
{
	static const char before[] = "\",\"summary\":\"";
	const struct text state = encoded_state(encoded);

	return string_at(encoded, state.bytes + state.length + sizeof before - 1);
}

static nsec deadline_of(const struct event *event, int32_t seconds, struct moment now)
{
	nsec ends, left;

	if (seconds < 0)
		return NSEC_NEVER;
	if (__builtin_mul_overflow(event->time + seconds, NSEC_PER_SEC, &ends) ||
		__builtin_sub_overflow(ends, now.wall, &left))
		return NSEC_NEVER;
	return now.monotonic + left;
}

struct names names_write(struct text entity, struct text check, char *out)
{
	memcpy(out, entity.bytes, entity.length);
	out[entity.length] = ':';
	memcpy(out + entity.length + 1, check.bytes, check.length);
	return (struct names){
		.bytes = out,
		.length = (uint16_t)(entity.length + 1 + check.length),
		.entity_length = (uint16_t)entity.length,
	};
}

/* Gives the block to *prepared, with the names behind what it has. */
static void block_finish(
	struct prepared *prepared, struct buffer *block, struct text entity, struct text check)
{
	size_t length = entity.length + 1 + check.length;
	char *end = buffer_reserve(block, length);

	prepared->names = names_write(entity, check, end);
	prepared->block = block->data;
	end[length] = '\0';
}

/* An ok for the check's former names. */
static struct prepared *former_make(const struct event *event, int flapjack, struct moment now)
{
	struct prepared *former = memory_zeroed(1, sizeof *former);
	struct buffer summary = {NULL, 0, 0};
	struct event ok;

	event_init(&ok);
	ok.time = event->time;
	ok.fraction = event->fraction;
	ok.entity = event->former_entity;
	ok.check = event->former_check;
	ok.state_text = text_literal(state_name(STATE_OK));
	ok.state = STATE_OK;
	ok.ttl = EVENT_TTL_NEVER;
	buffer_printf(&summary, "httpbroker: this check is now named %.*s",
		(int)event->check.length, event->check.bytes);
	ok.summary = (struct text){summary.data, summary.length};
	prepared_make(former, &ok, flapjack, now);
	buffer_free(&summary);
	return former;
}

void prepared_make(
	struct prepared *prepared, const struct event *event, int flapjack, struct moment now)
{
	struct buffer block = {NULL, 0, 0};

	*prepared = (struct prepared){
		.state = event->state,
		.time = event->time,
		.fraction = event->fraction,
		.ttl = event->ttl,
		.received = (int32_t)(now.monotonic / NSEC_PER_SEC),
		.deadline = deadline_of(event, event->ttl, now),
	};
	prepared->encoded = encoded_make(event, flapjack, &block);
	size_t length = block.length;
	block_finish(prepared, &block, event->entity, event->check);
	prepared->event = (struct text){block.data, length};
	prepared->encoded.bytes = block.data + length - prepared->encoded.length;
	if (event->former_check.bytes != NULL)
		prepared->former = former_make(event, flapjack, now);
}

void prepared_make_start(struct prepared *prepared, const struct event *event, struct run run,
	int flapjack, struct moment now)
{
	prepared_make(prepared, event, flapjack, now);
	prepared->start = true;
	prepared->run = run;
	if (run.limit > 0)
		prepared->deadline = deadline_of(event, run.limit, now);
}

void prepared_make_forgotten(
	struct prepared *prepared, struct text entity, struct text check, struct instant time)
{
	struct buffer block = {NULL, 0, 0};

	*prepared = (struct prepared){
		.time = time.seconds, .fraction = time.fraction, .forgotten = true};
	block_finish(prepared, &block, entity, check);
}

void prepared_free(struct prepared *prepared)
{
	if (prepared->former != NULL)
		prepared_free(prepared->former);
	free(prepared->former);
	free(prepared->block);
	prepared->former = NULL;
	prepared->block = NULL;
}
