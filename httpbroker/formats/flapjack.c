/* SPDX-License-Identifier: MIT */
/* Flapjack's own events, as the original httpbroker took them: one object, one event. */
#include "common/log.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"

#include <stddef.h>
#include <string.h>

/* Reads one value into one field of the event. The reason names what was expected. */
typedef bool value_reader(const json_t *value, void *field, struct reason *why);

static bool text_read(const json_t *value, void *field, struct reason *why)
{
	struct text *out = field;

	if (!json_is_string(value))
		return reason_set(why, "a string");
	*out = (struct text){json_string_value(value), json_string_length(value)};
	return true;
}

/* What goes out as type follows from the state; a client's own only has to be well formed. */
static bool type_read(const json_t *value, void *field, struct reason *why)
{
	(void)field;
	return json_is_string(value) || reason_set(why, "a string");
}

static bool tags_read(const json_t *value, void *field, struct reason *why)
{
	const json_t **out = field;
	size_t count = json_is_array(value) ? json_array_size(value) : 0;

	if (!json_is_string(value) && !json_is_array(value))
		return reason_set(why, "an array of strings, or one string");
	for (size_t i = 0; i < count; i++)
		if (!json_is_string(json_array_get(value, i)))
			return reason_set(why, "an array of strings, or one string");
	*out = value;
	return true;
}

/* As in the original, 0 is as good as not given. */
static bool time_read(const json_t *value, void *field, struct reason *why)
{
	int64_t *out = field;
	int64_t given;

	if (!value_whole(value, 0, INT64_MAX, &given))
		return reason_set(why, "whole seconds since 1970");
	if (given != 0)
		*out = given;
	return true;
}

static bool ttl_read(const json_t *value, void *field, struct reason *why)
{
	int32_t *out = field;
	int64_t given;

	if (!value_whole(value, INT32_MIN, INT32_MAX, &given))
		return reason_set(why, "whole seconds, %d at most", INT32_MAX);
	if (given != 0)
		*out = given < 0 ? EVENT_TTL_NEVER : (int32_t)given;
	return true;
}

static bool seconds_read(const json_t *value, void *field, struct reason *why)
{
	return value_whole(value, 0, INT32_MAX, field) ||
	       reason_set(why, "whole seconds, from 0 to %d", INT32_MAX);
}

static const struct key {
	const char *name;
	value_reader *read;
	size_t field; /* offset in struct event */
} keys[] = {
	{"entity", text_read, offsetof(struct event, entity)},
	{"check", text_read, offsetof(struct event, check)},
	{"type", type_read, 0},
	{"state", text_read, offsetof(struct event, state_text)},
	{"summary", text_read, offsetof(struct event, summary)},
	{"details", text_read, offsetof(struct event, details)},
	{"perfdata", text_read, offsetof(struct event, perfdata)},
	{"tags", tags_read, offsetof(struct event, tags)},
	{"time", time_read, offsetof(struct event, time)},
	{"ttl", ttl_read, offsetof(struct event, ttl)},
	{"acknowledgement_id", text_read, offsetof(struct event, acknowledgement_id)},
	{"duration", seconds_read, offsetof(struct event, duration)},
	{"initial_failure_delay", seconds_read, offsetof(struct event, initial_failure_delay)},
	{"repeat_failure_delay", seconds_read, offsetof(struct event, repeat_failure_delay)},
	{"initial_recovery_delay", seconds_read, offsetof(struct event, initial_recovery_delay)},
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static const struct key *key_find(const char *name)
{
	for (int i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static bool flapjack_matches(const json_t *document)
{
	const json_t *entity = json_object_get(document, "entity");

	return entity != NULL && json_object_get(entity, "metadata") == NULL; /* Sensu's has it */
}

static bool key_read(const char *name, const json_t *value, struct event *event, struct reason *why)
{
	const struct key *key = key_find(name);

	if (key == NULL) {
		event->unknown_keys++;
		log_debug("left out '%s', which Flapjack would reject", name);
		return true;
	}
	if (json_is_null(value))
		return true; /* how some clients say nothing */
	return key->read(value, (char *)event + key->field, why) || value_refuse(name, value, why);
}

static bool keys_read(json_t *document, struct event *event, struct reason *why)
{
	const char *name;
	json_t *value;

	json_object_foreach(document, name, value)
		if (!key_read(name, value, event, why))
			return false;
	return true;
}

static void flapjack_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	struct event event;
	struct reason why;

	event_init(&event);
	if (context->ttl != 0)
		event.ttl = context->ttl;
	if (keys_read(document, &event, &why))
		event_sink_event(out, &event, context);
	else
		out->refuse(out, &why);
}

const struct format format_flapjack = {"flapjack", false, flapjack_matches, flapjack_translate};
