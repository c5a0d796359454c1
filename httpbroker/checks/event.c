/* SPDX-License-Identifier: MIT */
#include "httpbroker/checks/event.h"

#include "common/clocks.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "httpbroker/limits.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

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
	if (clean == name.length)
		return true;
	const char *at = name.bytes + clean;
	bool is_character = at[0] == '\0' || utf8_character(at, name.length - clean) > 0;
	return reason_set(why, "'%s' has %s at byte %zu", key,
		is_character && utf8_is_control(at) ? "a control character"
						    : "no valid UTF-8 character",
		clean + 1);
}

bool event_quotes_check(const char *key, struct text name, struct reason *why)
{
	const char *quote = memchr(name.bytes, '"', name.length);

	return quote == NULL ||
	       reason_set(why,
		       "'%s' has a double quote at byte %zu, which Flapjack's messages do not escape",
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

static size_t tags_length(const json_t *tags)
{
	size_t length = json_is_string(tags) ? json_string_length(tags) : 0;

	for (size_t i = 0; i < json_array_size(tags); i++)
		length += json_string_length(json_array_get(tags, i)) + 1;
	return length;
}

/* Summary and details are cut instead (encode.c): their beginning is of use. */
static bool lengths_check(const struct event *event, struct reason *why)
{
	const struct {
		const char *key;
		size_t length, max;
	} texts[] = {
		{"acknowledgement_id", event->acknowledgement_id.length, LIMIT_NAME},
		{"perfdata", event->perfdata.length, LIMIT_PERFDATA},
		{"tags", tags_length(event->tags), LIMIT_TAGS},
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].length > texts[i].max)
			return reason_set(why, "'%s' is %zu bytes long, more than %zu",
				texts[i].key, texts[i].length, texts[i].max);
	return true;
}

bool event_check(struct event *event, int flapjack, nsec now, struct reason *why)
{
	return event_name_check("entity", event->entity, why) &&
	       event_name_check("check", event->check, why) && state_check(event, flapjack, why) &&
	       time_check(event, now, why) && lengths_check(event, why);
}

static const struct word {
	const char *text;
	enum state state;
	bool flapjack_knows;
} words[] = {
	/* in the order of enum state */
	{"ok", STATE_OK, true},
	{"warning", STATE_WARNING, true},
	{"critical", STATE_CRITICAL, true},
	{"unknown", STATE_UNKNOWN, true},
	{"acknowledgement", STATE_ACKNOWLEDGEMENT, true},
	{"test_notifications", STATE_TEST_NOTIFICATIONS, true},
	/* Nagios's states of hosts */
	{"up", STATE_OK, false},
	{"down", STATE_CRITICAL, false},
	{"unreachable", STATE_CRITICAL, false},
};

bool state_read(const char *word, size_t length, enum state *out, bool *flapjack_knows)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i].text) != length ||
			strncasecmp(words[i].text, word, length) != 0)
			continue;
		*out = words[i].state;
		*flapjack_knows = words[i].flapjack_knows;
		return true;
	}
	return false;
}

const char *state_name(enum state state)
{
	return words[state].text;
}

bool state_lasts(enum state state)
{
	return state <= STATE_UNKNOWN;
}

bool isotime_read(struct text text, int64_t *out)
{
	char copy[64];
	nsec wall;

	if (text.bytes == NULL || text.length >= sizeof copy)
		return false;
	memcpy(copy, text.bytes, text.length);
	copy[text.length] = '\0';
	if (!clock_parse(copy, &wall))
		return false;
	*out = wall / NSEC_PER_SEC;
	return true;
}

struct instant instant_of(nsec wall)
{
	return (struct instant){
		.seconds = wall / NSEC_PER_SEC,
		.fraction = (uint16_t)(wall % NSEC_PER_SEC / NSEC_PER_MSEC + 1),
	};
}

int instant_compare(struct instant one, struct instant other)
{
	if (one.seconds != other.seconds)
		return one.seconds < other.seconds ? -1 : 1;
	if (one.fraction == 0 || other.fraction == 0)
		return 0;
	return (int)one.fraction - (int)other.fraction;
}
