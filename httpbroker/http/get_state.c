/* SPDX-License-Identifier: MIT */
/*
 * GET /state: every check's last event, as an object keyed `entity:check`. `state` is what is told
 * of the check, `reported` what the event said.
 */
#include "httpbroker/events/jsontext.h"
#include "httpbroker/http/scan.h"

#include <string.h>

static void listing_begin(struct scan *scan)
{
	buffer_append(scan->out, "{", 1);
}

static void key_append(struct buffer *out, const struct state *state)
{
	char key[STATES_KEY];

	jsontext_string(out, key, state_key(state, key));
	buffer_append(out, ":", 1);
}

/* What the event said, as it stands in the wire: `,"state":"ok"`. */
static struct text reported_text(const struct wire *wire)
{
	static const char before[] = ",\"state\":\"";
	const char *word = wire->bytes + wire->head + sizeof before - 1;
	const char *end = memchr(word, '"', (size_t)(wire->bytes + wire->length - word));

	return (struct text){word, (size_t)(end - word)};
}

static void event_append(
	struct buffer *out, const struct wire *wire, const struct text *reported, const char *told)
{
	size_t before = (size_t)(reported->bytes - wire->bytes);
	size_t after = before + reported->length;

	if (told == NULL) {
		buffer_append(out, wire->bytes, wire->length);
		return;
	}
	buffer_append(out, wire->bytes, before);
	buffer_append_text(out, told);
	buffer_append(out, wire->bytes + after, wire->length - after);
}

static void state_list(struct scan *scan, const struct state *state)
{
	int64_t age = scan->now.wall / NSEC_PER_SEC - state->time;
	bool stale = state->deadline <= scan->now.monotonic;
	const struct text reported = reported_text(&state->wire);
	struct buffer *out = scan->out;

	buffer_append_text(out, scan->begun ? ",\n" : "\n");
	key_append(out, state);
	event_append(out, &state->wire, &reported,
		stale ? condition_name(scan->broker->stale_as) : NULL);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, state->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, state->ttl);
	buffer_append_text(out, ",\"age\":");
	jsontext_number(out, age > 0 ? age : 0);
	buffer_append_text(out,
		stale ? ",\"stale\":true,\"reported\":\"" : ",\"stale\":false,\"reported\":\"");
	buffer_append(out, reported.bytes, reported.length);
	buffer_append_text(out, "\"}");
}

static void listing_end(struct scan *scan)
{
	buffer_append_text(scan->out, scan->begun ? "\n}\n" : "}\n");
}

static const struct scan_form listing = {1, listing_begin, state_list, listing_end};

static struct submission *get_begin(
	const struct broker *broker, struct request *request, struct answer *answer)
{
	scan_answer(broker, request, &listing, ANSWER_JSON, answer);
	return NULL;
}

const struct route route_get_state = {
	.path = "/state", .method = "GET", .active_only = true, .begin = get_begin};
