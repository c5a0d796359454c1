/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/outgoing.h"

#include "httpbroker/events/jsontext.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TIME_KEY ",\"time\":"

struct stamp {
	char bytes[sizeof TIME_KEY + JSONTEXT_NUMBER + 1];
	size_t length;
};

/* The end of an event: `,"time":1429505587}`. */
static struct stamp stamp_make(int64_t time)
{
	struct stamp stamp = {TIME_KEY, sizeof TIME_KEY - 1};

	stamp.length += jsontext_digits(stamp.bytes + stamp.length, time);
	stamp.bytes[stamp.length++] = '}';
	return stamp;
}

void outgoing_event(struct resp_list *queue, const struct wire *wire, int64_t time)
{
	struct stamp stamp = stamp_make(time);

	resp_begin(queue, wire->length + stamp.length);
	buffer_append(&queue->bytes, wire->bytes, wire->length);
	buffer_append(&queue->bytes, stamp.bytes, stamp.length);
	resp_end(queue);
}

/* Seconds since the event: its time to live, and what has passed since that was over. */
static int64_t age_of(const struct state *state, struct moment now)
{
	return state->ttl + (now.monotonic - state->deadline) / NSEC_PER_SEC;
}

const char *outgoing_stale_word(enum condition condition)
{
	static const char *const words[] = {
		[CONDITION_OK] = "OK",
		[CONDITION_WARNING] = "WARNING",
		[CONDITION_CRITICAL] = "CRITICAL",
		[CONDITION_UNKNOWN] = "UNKNOWN",
	};

	return words[condition];
}

void outgoing_stale(struct resp_list *queue, const struct state *state, enum condition condition,
	struct moment now)
{
	struct stamp stamp = stamp_make(now.wall / NSEC_PER_SEC);
	const struct wire *wire = &state->wire;
	size_t held = wire->length - wire->tail;
	char middle[160];

	size_t length = (size_t)snprintf(middle, sizeof middle,
		",\"state\":\"%s\",\"summary\":\"httpbroker: Cached state is stale "
		"(%" PRId64 "s old, should be < %" PRId32 "s)\"",
		outgoing_stale_word(condition), age_of(state, now), state->ttl);
	resp_begin(queue, wire->head + length + held + stamp.length);
	buffer_append(&queue->bytes, wire->bytes, wire->head);
	buffer_append(&queue->bytes, middle, length);
	buffer_append(&queue->bytes, wire->bytes + wire->tail, held);
	buffer_append(&queue->bytes, stamp.bytes, stamp.length);
	resp_end(queue);
}
