/* SPDX-License-Identifier: MIT */
#include "t/unit/broker-formats.h"

#include "common/memory.h"
#include "t/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static struct piece *piece_add(struct event_sink *sink)
{
	struct pieces *pieces = (struct pieces *)sink;

	assert_true(pieces->count < PIECES_MAX);
	return &pieces->list[pieces->count++];
}

static void on_event(struct event_sink *sink, const struct event *event)
{
	piece_add(sink)->event = *event;
}

static void on_refusal(struct event_sink *sink, const struct reason *why)
{
	piece_add(sink)->why = *why;
}

static void on_skipped(struct event_sink *sink, enum skipped how)
{
	struct piece *piece = piece_add(sink);

	piece->passed = true;
	piece->how = how;
}

struct pieces *pieces_take(int flapjack, int32_t ttl, const char *json)
{
	static const char *const heartbeats[] = {"Watchdog", "Pulse", NULL};
	const struct format_context context = {
		.flapjack = flapjack, .now = NOW, .ttl = ttl, .heartbeats = heartbeats};
	struct pieces *pieces = memory_zeroed(1, sizeof *pieces);
	json_error_t error;

	pieces->sink = (struct event_sink){on_event, on_refusal, on_skipped};
	pieces->document = json_loads(json, JSON_DECODE_ANY, &error);
	if (pieces->document == NULL)
		fail_msg("%s: %s", json, error.text);
	pieces->format = format_translate(pieces->document, &context, &pieces->sink);
	assert_true(pieces->count > 0);
	return pieces;
}

void pieces_free(struct pieces *pieces)
{
	json_decref(pieces->document);
	free(pieces);
}

void assert_text(struct text text, const char *expected)
{
	assert_non_null(text.bytes);
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.bytes, expected, text.length);
}

void assert_event(const struct pieces *pieces, size_t i, const char *entity, const char *check,
	const char *state)
{
	const struct piece *piece = &pieces->list[i];

	assert_true(i < pieces->count);
	assert_string_equal(piece->why.text, "");
	assert_false(piece->passed);
	assert_text(piece->event.entity, entity);
	assert_text(piece->event.check, check);
	assert_text(piece->event.state_text, state);
}

void assert_refusal(const struct pieces *pieces, size_t i, const char *words)
{
	assert_true(i < pieces->count);
	assert_string_equal(pieces->list[i].why.text, words);
}

void assert_passed(const struct pieces *pieces, size_t i, enum skipped how)
{
	assert_true(i < pieces->count);
	assert_true(pieces->list[i].passed);
	assert_int_equal(pieces->list[i].how, how);
}

void assert_refused(int flapjack, const char *json, const char *words)
{
	struct pieces *pieces = pieces_take(flapjack, 0, json);

	assert_int_equal(pieces->count, 1);
	assert_string_equal(pieces->list[0].why.text, words != NULL ? words : "");
	pieces_free(pieces);
}
