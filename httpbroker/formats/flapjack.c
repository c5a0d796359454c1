/* SPDX-License-Identifier: MIT */
/* Flapjack's own events, as in the original httpbroker: one object, one event. */
#include "common/log.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"

#include <stddef.h>
#include <string.h>

/* Sets a member of the event. The reason says what was expected. */
typedef bool value_reader(const json_t *value, void *field, struct reason *why);

static bool text_read(const json_t *value, void *field, struct reason *why)
{
	struct text *out = field;

	if (!json_is_string(value))
		return reason_set(why, "a string");
	*out = value_string(value);
	return true;
}

/* The client's type is not used: it follows from the state. */
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

/* As in the original, 0 means not given. */
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

static bool flapjack_matches(const json_t *document)
{
	const json_t *entity = json_object_get(document, "entity");

	return entity != NULL &&
	       json_object_get(entity, "metadata") == NULL; /* Sensu's entity has it */
}

static bool key_read(const char *name, const json_t *value, struct event *event, struct reason *why)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		void *field = (char *)event + keys[i].field;

		if (keys[i].name[0] == name[0] && strcmp(keys[i].name, name) == 0)
			return json_is_null(value) || keys[i].read(value, field, why) ||
			       value_refuse(name, value, why);
	}
	event->unknown_keys++;
	log_debug("left out '%s', which Flapjack would reject", name);
	return true;
}

static bool flapjack_read(json_t *document, struct event *event, struct reason *why)
{
	const char *name;
	json_t *value;

	json_object_foreach(document, name, value)
		if (!key_read(name, value, event, why))
			return false;
	return true;
}

const struct format format_flapjack = {
	.name = "flapjack",
	.ttl = EVENT_TTL_DEFAULT,
	.matches = flapjack_matches,
	.read = flapjack_read,
};
