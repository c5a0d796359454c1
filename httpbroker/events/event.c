/* SPDX-License-Identifier: MIT */
#include "httpbroker/events/event.h"

#include "common/utf8.h"
#include "httpbroker/limits.h"

#include <inttypes.h>
#include <string.h>

struct text text_literal(const char *literal)
{
	return (struct text){literal, strlen(literal)};
}

void event_init(struct event *event)
{
	*event = (struct event){
		.time = EVENT_NOT_GIVEN,
		.ttl = EVENT_TTL_DEFAULT,
		.duration = EVENT_NOT_GIVEN,
		.initial_failure_delay = EVENT_NOT_GIVEN,
		.repeat_failure_delay = EVENT_NOT_GIVEN,
		.initial_recovery_delay = EVENT_NOT_GIVEN,
	};
}

bool event_name_check(const char *key, struct text name, struct reason *why)
{
	if (name.bytes == NULL)
		return reason_set(why, "'%s' is missing", key);
	if (name.length == 0)
		return reason_set(why, "'%s' is empty", key);
	if (name.length > LIMIT_NAME)
		return reason_set(
			why, "'%s' is %zu bytes long, more than %d", key, name.length, LIMIT_NAME);
	size_t clean = utf8_clean_span(name.bytes, name.length, UTF8_ONE_LINE);
	return clean == name.length ||
	       reason_set(why, "'%s' has a control character at byte %zu", key, clean + 1);
}

bool event_quotes_check(const char *key, struct text name, struct reason *why)
{
	const char *quote = memchr(name.bytes, '"', name.length);

	return quote == NULL ||
	       reason_set(why,
		       "'%s' has a double quote at byte %zu, where Flapjack's messages would end it",
		       key, (size_t)(quote - name.bytes) + 1);
}

static bool state_check(struct event *event, int flapjack, struct reason *why)
{
	struct text *text = &event->state_text;
	bool known;

	if (text->bytes == NULL)
		return reason_set(why, "'state' is missing");
	if (!state_read(text->bytes, text->length, &event->state, &known))
		return reason_set(why, "'state' is '%.*s', not one of %s",
			text->length > 64 ? 64 : (int)text->length, text->bytes, STATE_WORDS);
	if (event->state == STATE_TEST_NOTIFICATIONS && flapjack == 1)
		return reason_set(why, "'state' is test_notifications, which Flapjack 1 rejects");
	if (!known) {
		text->bytes = state_name(event->state);
		text->length = strlen(text->bytes);
	}
	return true;
}

static bool time_check(struct event *event, nsec wall, struct reason *why)
{
	const struct instant now = instant_of(wall);

	if (event->time >= EVENT_TIME_IN_MILLISECONDS)
		return reason_set(why,
			"'time' is %" PRId64 ": that looks like milliseconds, not seconds",
			event->time);
	if (event->time == EVENT_NOT_GIVEN || event->time > now.seconds) {
		event->time = now.seconds;
		event->fraction = now.fraction;
	}
	return true;
}

static bool length_check(const char *key, size_t length, size_t max, struct reason *why)
{
	return length <= max ||
	       reason_set(why, "'%s' is %zu bytes long, more than %zu", key, length, max);
}

static size_t tags_length(const json_t *tags)
{
	size_t length = json_is_string(tags) ? json_string_length(tags) : 0;

	for (size_t i = 0; i < json_array_size(tags); i++)
		length += json_string_length(json_array_get(tags, i)) + 1;
	return length;
}

/* Summary and details are not here: they are cut (see wire.c), for their beginning is of use. */
static bool lengths_check(const struct event *event, struct reason *why)
{
	return length_check(
		       "acknowledgement_id", event->acknowledgement_id.length, LIMIT_NAME, why) &&
	       length_check("perfdata", event->perfdata.length, LIMIT_PERFDATA, why) &&
	       length_check("tags", tags_length(event->tags), LIMIT_TAGS, why);
}

bool event_check(struct event *event, int flapjack, nsec now, struct reason *why)
{
	return event_name_check("entity", event->entity, why) &&
	       event_name_check("check", event->check, why) && state_check(event, flapjack, why) &&
	       time_check(event, now, why) && lengths_check(event, why);
}
