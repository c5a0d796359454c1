/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/draft.h"

#include "common/utf8.h"

#include <ctype.h>
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
	if (whole > 18) /* nor are there so many: it would not fit */
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

static int json_written(const char *bytes, size_t length, void *out)
{
	buffer_append(out, bytes, length);
	return 0;
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
	json_dump_callback(event, json_written, json, JSON_COMPACT);
	json_decref(event);
}
