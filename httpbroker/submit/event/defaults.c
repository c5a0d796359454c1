/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/defaults.h"

#include "common/memory.h"

#include <inttypes.h>
#include <stdlib.h>

enum { KEYS = 3 };

struct defaults {
	const struct draft *given;
	struct {
		const char *key;
		struct buffer text; /* `"key":value`; empty: not given */
	} parts[KEYS];
};

/* What draft_write() makes of it, without the brackets around. */
static void part_write(struct buffer *out, const struct draft *draft)
{
	draft_write(draft, out);
	buffer_consume(out, 1);
	out->length--;
}

struct defaults *defaults_new(const struct draft *given)
{
	struct defaults *defaults = memory_zeroed(1, sizeof *defaults);

	defaults->given = given;
	defaults->parts[0].key = "entity";
	part_write(&defaults->parts[0].text,
		&(struct draft){.entity = given->entity, .time = DRAFT_NO_TIME});
	defaults->parts[1].key = "tags";
	part_write(&defaults->parts[1].text,
		&(struct draft){.tags = given->tags, .time = DRAFT_NO_TIME});
	defaults->parts[2].key = "ttl";
	part_write(&defaults->parts[2].text,
		&(struct draft){.ttl = given->ttl, .time = DRAFT_NO_TIME});
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

void defaults_fill(const struct defaults *defaults, struct draft *draft)
{
	const struct draft *given = defaults->given;

	if (draft->entity == NULL || draft->entity[0] == '\0')
		draft->entity = given->entity;
	if (draft->tags == NULL)
		draft->tags = given->tags;
	if (draft->ttl == 0)
		draft->ttl = given->ttl;
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
