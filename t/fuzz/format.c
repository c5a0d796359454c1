/* SPDX-License-Identifier: MIT */
#include "t/fuzz/format.h"

#include "common/utf8_clean.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/limits.h"
#include "t/fuzz/fuzz.h"

#define NOW INT64_C(1795224305)

/* What an intake was given. */
struct pieces {
	struct event_sink sink; /* first */
	int flapjack;
	unsigned count;
};

/* Every key is one that this Flapjack takes. */
static void keys_try(json_t *event, int flapjack)
{
	static const char *const taken[] = {"entity", "check", "type", "state", "summary",
		"details", "acknowledgement_id", "duration", "tags", "initial_failure_delay",
		"repeat_failure_delay"};
	const char *key;
	json_t *value;

	json_object_foreach(event, key, value) {
		bool known =
			strcmp(key, flapjack == 1 ? "perfdata" : "initial_recovery_delay") == 0;

		for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
			known |= strcmp(key, taken[i]) == 0;
		FUZZ_EXPECT(known);
	}
}

/* No text has anything that a Jabber server refuses; but summary and details are of many lines. */
static void clean_try(json_t *event)
{
	const char *key;
	json_t *value;

	json_object_foreach(event, key, value) {
		bool lines = strcmp(key, "summary") == 0 || strcmp(key, "details") == 0;

		if (json_is_string(value))
			FUZZ_EXPECT(
				utf8_clean_span(json_string_value(value), json_string_length(value),
					lines ? UTF8_LINES : UTF8_ONE_LINE) ==
				json_string_length(value));
	}
}

/* What goes out is sound JSON. */
static void prepared_try(const struct prepared *prepared, int flapjack)
{
	struct buffer whole = {NULL, 0, 0};

	buffer_append(&whole, prepared->event.bytes, prepared->event.length);
	buffer_append(&whole, "}", 1);
	json_t *event = json_loadb(whole.data, whole.length, JSON_REJECT_DUPLICATES, NULL);
	FUZZ_EXPECT(event != NULL);
	keys_try(event, flapjack);
	clean_try(event);
	FUZZ_EXPECT(json_string_length(json_object_get(event, "summary")) <= LIMIT_SUMMARY + 3);
	FUZZ_EXPECT(json_string_length(json_object_get(event, "details")) <= LIMIT_DETAILS + 3);
	json_decref(event);
	buffer_free(&whole);
}

static void event_take(struct event_sink *sink, const struct event *event)
{
	struct pieces *pieces = (struct pieces *)sink;
	struct prepared prepared;

	pieces->count++;
	FUZZ_EXPECT(event->entity.length >= 1 && event->entity.length <= LIMIT_NAME);
	FUZZ_EXPECT(event->check.length >= 1 && event->check.length <= LIMIT_NAME);
	FUZZ_EXPECT(memchr(event->entity.bytes, '"', event->entity.length) == NULL);
	FUZZ_EXPECT(memchr(event->check.bytes, '"', event->check.length) == NULL);
	FUZZ_EXPECT(event->time >= 0 && event->time <= NOW);
	FUZZ_EXPECT(event->ttl >= EVENT_TTL_NEVER && event->ttl != 0);
	prepared_make(&prepared, event, pieces->flapjack,
		(struct moment){NOW * NSEC_PER_SEC, 1000 * NSEC_PER_SEC});
	prepared_try(&prepared, pieces->flapjack);
	prepared_free(&prepared);
}

static void refusal_take(struct event_sink *sink, const struct reason *why)
{
	((struct pieces *)sink)->count++;
	FUZZ_EXPECT(why->text[0] != '\0');
}

static void pass_take(struct event_sink *sink, enum skipped why)
{
	((struct pieces *)sink)->count++;
	FUZZ_EXPECT(why == SKIPPED_TEST || why == SKIPPED_MERGED || why == SKIPPED_RETURNED);
}

void format_fuzz(const struct format *format, const uint8_t *bytes, size_t length)
{
	json_t *document = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);

	if (document == NULL)
		return;
	for (int flapjack = 1; flapjack <= 2; flapjack++) {
		static const char *const heartbeats[] = {"Watchdog", NULL};
		const struct format_context context = {.flapjack = flapjack,
			.now = NOW,
			.ttl = flapjack == 1 ? 0 : 60,
			.heartbeats = heartbeats};
		struct pieces pieces = {{event_take, refusal_take, pass_take}, flapjack, 0};

		if (!format->matches(document))
			break;
		format_apply(format, document, &context, &pieces.sink);
		FUZZ_EXPECT(format->many ? pieces.count >= 1 : pieces.count == 1);
	}
	json_decref(document);
}
