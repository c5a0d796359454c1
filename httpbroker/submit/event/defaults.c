/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/defaults.h"

#include "common/memory.h"

#include <inttypes.h>
#include <stdlib.h>

enum { KEYS = 3 };

struct defaults {
	const struct fields *given;
	struct {
		const char *key;
		struct buffer text; /* `"key":value`; empty: not given */
	} parts[KEYS];
};

/* What fields_write() makes of it, without the brackets around. */
static void part_write(struct buffer *out, const struct fields *fields)
{
	fields_write(fields, out);
	buffer_consume(out, 1);
	out->length--;
}

struct defaults *defaults_new(const struct fields *given)
{
	struct defaults *defaults = memory_zeroed(1, sizeof *defaults);

	defaults->given = given;
	defaults->parts[0].key = "entity";
	part_write(&defaults->parts[0].text,
		&(struct fields){.entity = given->entity, .time = FIELDS_NO_TIME});
	defaults->parts[1].key = "tags";
	part_write(&defaults->parts[1].text,
		&(struct fields){.tags = given->tags, .time = FIELDS_NO_TIME});
	defaults->parts[2].key = "ttl";
	part_write(&defaults->parts[2].text,
		&(struct fields){.ttl = given->ttl, .time = FIELDS_NO_TIME});
	return defaults;
}

/* Behind the bracket of an object that goes on with `text`. */
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
