/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/notification.h"

#include "common/random.h"
#include "common/utf8_clean.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/checks/siphash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEPARATOR "\x1f"

static const char *const events[NOTIFICATION_KINDS] = {
	"problem", "recovery", "acknowledgement", "test"};

const char *notification_event(enum notification_kind kind)
{
	return events[kind];
}

void names_join(struct buffer *out, struct text entity, struct text check)
{
	buffer_append(out, entity.bytes, entity.length);
	buffer_append(out, SEPARATOR, 1);
	buffer_append(out, check.bytes, check.length);
}

bool names_split(struct text names, struct text *entity, struct text *check)
{
	const char *separator = memchr(names.bytes, SEPARATOR[0], names.length);

	if (separator == NULL)
		return false;
	*entity = (struct text){names.bytes, (size_t)(separator - names.bytes)};
	*check = (struct text){separator + 1, names.length - entity->length - 1};
	return true;
}

/* Without the key, nobody can choose names that collide. */
uint64_t names_hash(const void *names, size_t length)
{
	static struct siphash_key key;

	if (key.k0 == 0)
		random_bytes(&key, sizeof key);
	return siphash(&key, names, length);
}

const char *notification_key(const struct notification *notification, char out[NOTIFICATION_KEY])
{
	static const struct siphash_key key = {0, 0}; /* it must be the same after a restart */
	struct buffer text = {NULL, 0, 0};

	names_join(&text, notification->entity, notification->check);
	buffer_printf(&text, SEPARATOR "%" PRId64, notification->since);
	snprintf(out, NOTIFICATION_KEY, "%016" PRIx64, siphash(&key, text.data, text.length));
	buffer_free(&text);
	return out;
}

void notification_encode(const struct notification *notification, struct buffer *out)
{
	const struct text *entity = &notification->entity, *check = &notification->check,
			  *summary = &notification->summary;
	char key[NOTIFICATION_KEY];

	jsontext_append(out,
		json_pack("{s:s, s:s%, s:s%, s:s, s:s, s:s%, s:I, s:I, s:s}", "event",
			events[notification->kind], "entity", entity->bytes, entity->length,
			"check", check->bytes, check->length, "state",
			state_name(notification->state), "previous",
			state_name(notification->previous), "summary",
			summary->length > 0 ? summary->bytes : "", summary->length, "time",
			(json_int_t)notification->time, "since", (json_int_t)notification->since,
			"key", notification_key(notification, key)));
}

static bool kind_read(const char *word, enum notification_kind *out)
{
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		if (strcmp(word, events[kind]) == 0) {
			*out = (enum notification_kind)kind;
			return true;
		}
	return false;
}

bool notification_state(const char *word, enum state *out)
{
	bool known;

	return state_read(word, strlen(word), out, &known) && state_lasts(*out);
}

static bool text_is_clean(struct text text)
{
	return utf8_clean_span(text.bytes, text.length, UTF8_ONE_LINE) == text.length;
}

bool notification_decode(
	const char *bytes, size_t length, struct notification *out, struct reason *why)
{
	json_t *document = json_loadb(bytes, length, 0, NULL);
	const char *event, *state, *previous;
	json_int_t time, since;

	*out = (struct notification){.document = document};
	if (json_unpack(document, "{s:s, s:s%, s:s%, s:s, s:s, s:s%, s:I, s:I}", "event", &event,
		    "entity", &out->entity.bytes, &out->entity.length, "check", &out->check.bytes,
		    &out->check.length, "state", &state, "previous", &previous, "summary",
		    &out->summary.bytes, &out->summary.length, "time", &time, "since",
		    &since) == 0 &&
		kind_read(event, &out->kind) && notification_state(state, &out->state) &&
		notification_state(previous, &out->previous) && text_is_clean(out->entity) &&
		text_is_clean(out->check) && text_is_clean(out->summary) &&
		(out->kind != NOTIFICATION_PROBLEM || out->state != STATE_OK)) {
		out->time = time;
		out->since = since;
		return true;
	}
	json_decref(document);
	out->document = NULL;
	return reason_set(why, "it is not a notification");
}

/* Version 1: "CHECK" on ENTITY; version 2: "ENTITY:CHECK". */
static void name_append(const struct notification *notification, int flapjack, struct buffer *out)
{
	struct text entity = notification->entity, check = notification->check;

	if (flapjack == 1)
		buffer_printf(out, "\"%.*s\" on %.*s", (int)check.length, check.bytes,
			(int)entity.length, entity.bytes);
	else
		buffer_printf(out, "\"%.*s:%.*s\"", (int)entity.length, entity.bytes,
			(int)check.length, check.bytes);
}

/* As Flapjack of this version words it in a room. */
static void words_append(const struct notification *notification, int flapjack, struct buffer *out)
{
	static const char *const begins[NOTIFICATION_KINDS] = {
		"Problem: ", "Recovery: ", "Acknowledgement: ", "Test: "};
	static const char *const states[] = {
		[STATE_OK] = " is OK",
		[STATE_WARNING] = " is Warning",
		[STATE_CRITICAL] = " is Critical",
		[STATE_UNKNOWN] = " is Unknown",
	};
	bool lasts = notification->kind <= NOTIFICATION_RECOVERY;

	buffer_append_text(out, begins[notification->kind]);
	name_append(notification, flapjack, out);
	if (lasts)
		buffer_append_text(out, states[notification->state]);
	else if (notification->kind == NOTIFICATION_ACKNOWLEDGEMENT)
		buffer_append_text(out, " has been acknowledged");
	/* Flapjack 2 has no summary of a problem or a recovery */
	if (notification->summary.length > 0 && (flapjack == 1 || !lasts))
		buffer_printf(out, ", %.*s", (int)notification->summary.length,
			notification->summary.bytes);
}

void notification_line(
	const struct line_style *style, const struct notification *notification, struct buffer *out)
{
	if (style->json)
		notification_encode(notification, out);
	else
		words_append(notification, style->flapjack, out);
	buffer_append(out, "\n", 1);
}

struct text notification_clean(struct text text, char out[NOTIFICATION_TEXT])
{
	size_t length =
		utf8_clean_copy(out, NOTIFICATION_TEXT, text.bytes, text.length, UTF8_ONE_LINE);

	return (struct text){out, length};
}

const char *notification_stamp(int64_t seconds, char out[NOTIFICATION_STAMP])
{
	time_t when = seconds;
	struct tm broken;

	if (gmtime_r(&when, &broken) == NULL ||
		strftime(out, NOTIFICATION_STAMP, "%Y-%m-%dT%H:%M:%SZ", &broken) == 0)
		snprintf(out, NOTIFICATION_STAMP, "1970-01-01T00:00:00Z");
	return out;
}
