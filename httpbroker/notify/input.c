/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/input.h"

#include "common/descriptors.h"
#include "common/log.h"
#include "common/number.h"
#include "common/utf8_clean.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define TOO_LONG "it is longer than 1 MiB"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static const struct key {
	const char *name;
	size_t field; /* offset in struct event */
	bool number;  /* whole seconds, or their digits in a string; else a string */
} keys[] = {
	{"entity", offsetof(struct event, entity), false},
	{"check", offsetof(struct event, check), false},
	{"state", offsetof(struct event, state_text), false},
	{"summary", offsetof(struct event, summary), false},
	{"time", offsetof(struct event, time), true},
	{"initial_failure_delay", offsetof(struct event, initial_failure_delay), true},
	{"repeat_failure_delay", offsetof(struct event, repeat_failure_delay), true},
	{"initial_recovery_delay", offsetof(struct event, initial_recovery_delay), true},
};

static bool number_read(const json_t *value, int64_t max, int64_t *out)
{
	struct reason ignored;

	if (json_is_string(value))
		return number_parse(json_string_value(value), 0, max, out, &ignored);
	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= max;
}

static bool key_read(
	const json_t *document, const struct key *key, struct event *event, struct reason *why)
{
	const json_t *value = json_object_get(document, key->name);
	void *field = (char *)event + key->field;
	int64_t max = key->field == offsetof(struct event, time) ? INT64_MAX : INT32_MAX;

	if (value == NULL || json_is_null(value))
		return true;
	if (key->number)
		return number_read(value, max, field) ||
		       reason_set(why, "'%s' is not a number of seconds", key->name);
	if (!json_is_string(value))
		return reason_set(why, "'%s' is not a string", key->name);
	*(struct text *)field = (struct text){json_string_value(value), json_string_length(value)};
	return true;
}

/* As Flapjack 2 names a check. */
static void entity_split(struct event *event)
{
	const char *colon = event->entity.bytes != NULL || event->check.bytes == NULL
				    ? NULL
				    : memchr(event->check.bytes, ':', event->check.length);

	if (colon == NULL)
		return;
	event->entity = (struct text){event->check.bytes, (size_t)(colon - event->check.bytes)};
	event->check = (struct text){colon + 1, event->check.length - event->entity.length - 1};
}

static bool document_read(const json_t *document, nsec wall, struct event *out, struct reason *why)
{
	if (!json_is_object(document))
		return reason_set(why, "it is not a JSON object");
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (!key_read(document, &keys[i], out, why))
			return false;
	entity_split(out);
	/* Flapjack does not look at it: no reason to lose an event */
	if (out->time == 0 || out->time >= EVENT_TIME_IN_MILLISECONDS)
		out->time = EVENT_NOT_GIVEN;
	return event_check(out, 2, wall, why);
}

json_t *event_json_read(char *json, size_t length, nsec wall, struct event *out, struct reason *why)
{
	json_error_t error;

	event_init(out);
	if (length > LIMIT_LINE) {
		reason_set(why, TOO_LONG);
		return NULL;
	}
	utf8_mend_escapes(json, length);
	json_t *document = json_loadb(json, length, JSON_DECODE_ANY, &error);
	/* jansson's message would show its invisible bytes */
	if (document == NULL && strncmp(json, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		reason_set(why, "there is a byte-order mark: send UTF-8 without it");
	else if (document == NULL)
		reason_set(why, "it is not JSON: %s (column %d)", error.text, error.column);
	else if (document_read(document, wall, out, why))
		return document;
	json_decref(document);
	return NULL;
}

static void event_skip(
	struct notify *notify, const char *place, uint64_t number, const char *why, nsec now)
{
	notify->skipped++;
	log_limited(&notify->skips, now, log_warning, "%s %" PRIu64 ": %s; the event is skipped",
		place, number, why);
}

void event_take(struct notify *notify, char *json, size_t length, const char *place,
	uint64_t number, struct moment now)
{
	struct event event;
	struct reason why;
	json_t *document = event_json_read(json, length, now.wall, &event, &why);

	if (document == NULL || !judge_event(&notify->judge, &event, now, &why)) {
		event_skip(notify, place, number, why.text, now.monotonic);
	} else {
		notify->events++;
		notify->event_time = event.time;
		notify->lag = now.wall / NSEC_PER_SEC - event.time;
	}
	json_decref(document);
}

/* ---- standard input ---- */

void input_init(struct input *input, bool reads)
{
	*input = (struct input){.ended = !reads};
	lines_init(&input->lines, LIMIT_LINE);
}

static void lines_judge(struct input *input, struct notify *notify, struct moment now)
{
	static const char place[] = "standard input, line";
	struct lines *lines = &input->lines;
	enum lines_result result;
	char *line;

	while ((result = lines_next(lines, &line)) != LINES_NONE) {
		if (result == LINES_TOO_LONG)
			event_skip(notify, place, lines->number, TOO_LONG, now.monotonic);
		else if (line[strspn(line, " \t\r")] != '\0')
			event_take(
				notify, line, lines_length(lines, line), place, lines->number, now);
	}
}

void input_work(struct input *input, struct notify *notify, struct moment now)
{
	if (input->ended || !descriptor_is_ready(STDIN_FILENO, POLLIN))
		return;
	enum lines_read_result result = lines_read(&input->lines, STDIN_FILENO);
	if (result == LINES_ERROR)
		log_error("standard input: %s; it ends here", strerror(errno));
	lines_judge(input, notify, now);
	input->failed = result == LINES_ERROR;
	input->ended = result == LINES_END || input->failed;
}
