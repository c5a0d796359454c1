/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event.h"

#include "common/memory.h"
#include "common/utf8_clean.h"
#include "httpbroker/checks/encode.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

bool fields_time_read(const char *text, int64_t *time, struct reason *why)
{
	const char *digits = text + strspn(text, BLANKS);
	size_t whole = strspn(digits, "0123456789");
	const char *end = digits + whole;

	if (end[0] == '.' && isdigit((unsigned char)end[1]))
		end += 1 + strspn(end + 1, "0123456789");
	if (whole == 0 || end[strspn(end, BLANKS)] != '\0')
		return reason_set(why, "'%.40s' is not a time in seconds since the epoch", text);
	if (whole > 18) /* it would not fit */
		return reason_set(why, "'%.40s' is too large", text);
	*time = strtoll(digits, NULL, 10);
	return true;
}

static json_t *clean_string(const char *text, enum utf8_lines lines)
{
	struct buffer clean = {NULL, 0, 0};

	utf8_clean_append(&clean, text, strlen(text), lines);
	json_t *string = json_string(clean.length > 0 ? clean.data : "");
	buffer_free(&clean);
	return string;
}

static void text_add(json_t *event, const char *key, const char *text, enum utf8_lines lines)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(event, key, clean_string(text, lines));
}

static void tags_add(json_t *event, char **tags)
{
	json_t *array;

	if (tags == NULL || *tags == NULL)
		return;
	array = json_array();
	for (; *tags != NULL; tags++)
		json_array_append_new(array, clean_string(*tags, UTF8_ONE_LINE));
	json_object_set_new(event, "tags", array);
}

void fields_write(const struct fields *fields, struct buffer *json)
{
	json_t *event = json_object();

	text_add(event, "entity", fields->entity, UTF8_ONE_LINE);
	text_add(event, "check", fields->check, UTF8_ONE_LINE);
	text_add(event, "state", fields->state, UTF8_ONE_LINE);
	text_add(event, "summary", fields->summary, UTF8_ONE_LINE);
	text_add(event, "details", fields->details, UTF8_LINES);
	text_add(event, "perfdata", fields->perfdata, UTF8_ONE_LINE);
	tags_add(event, fields->tags);
	if (fields->time != FIELDS_NO_TIME)
		json_object_set_new(event, "time", json_integer(fields->time));
	if (fields->ttl != 0)
		json_object_set_new(event, "ttl", json_integer(fields->ttl));
	jsontext_append(json, event);
}

enum { KEYS = 3 };

struct defaults {
	const struct fields *given;
	struct {
		const char *key;
		struct buffer text; /* `"key":value`; empty: not given */
	} parts[KEYS];
};

struct defaults *defaults_new(const struct fields *given)
{
	const struct fields single[KEYS] = {
		{.entity = given->entity, .time = FIELDS_NO_TIME},
		{.tags = given->tags, .time = FIELDS_NO_TIME},
		{.ttl = given->ttl, .time = FIELDS_NO_TIME},
	};
	static const char *const keys[KEYS] = {"entity", "tags", "ttl"};
	struct defaults *defaults = memory_zeroed(1, sizeof *defaults);

	defaults->given = given;
	for (size_t i = 0; i < KEYS; i++) {
		struct buffer *text = &defaults->parts[i].text;

		defaults->parts[i].key = keys[i];
		fields_write(&single[i], text);
		buffer_consume(text, 1); /* without the brackets */
		text->length--;
	}
	return defaults;
}

/* Appends the rest of the object `text` behind its first bracket. */
static void rest_append(struct buffer *out, bool empty, const char *text, size_t length)
{
	if (!empty)
		buffer_append_text(out, ",");
	buffer_append(out, text + 1, length - 1);
}

bool defaults_insert(const struct defaults *defaults, const json_t *event, const char *text,
	size_t length, struct buffer *out)
{
	bool lacks = false;

	for (size_t i = 0; i < KEYS; i++) {
		const struct buffer *part = &defaults->parts[i].text;

		if (part->length == 0 || json_object_get(event, defaults->parts[i].key) != NULL)
			continue;
		buffer_append_text(out, lacks ? "," : "{");
		buffer_append(out, part->data, part->length);
		lacks = true;
	}
	if (lacks)
		rest_append(out, json_object_size(event) == 0, text, length);
	return lacks;
}

void defaults_fill(const struct defaults *defaults, struct fields *fields)
{
	const struct fields *given = defaults->given;

	if (fields->entity == NULL || fields->entity[0] == '\0')
		fields->entity = given->entity;
	if (fields->tags == NULL)
		fields->tags = given->tags;
	if (fields->ttl == 0)
		fields->ttl = given->ttl;
}

void time_insert(int64_t time, const char *text, size_t length, struct buffer *out)
{
	buffer_printf(out, "{\"time\":%" PRId64, time);
	rest_append(out, false, text, length);
}

void defaults_free(struct defaults *defaults)
{
	for (size_t i = 0; i < KEYS; i++)
		buffer_free(&defaults->parts[i].text);
	free(defaults);
}
