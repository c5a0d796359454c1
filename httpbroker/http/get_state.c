/* SPDX-License-Identifier: MIT */
/* GET /state: every check's last event, as an object keyed `entity:check`. */
#include "httpbroker/events/jsontext.h"
#include "httpbroker/http/scan.h"

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

static void state_list(struct scan *scan, const struct state *state)
{
	int64_t age = scan->now.wall / NSEC_PER_SEC - state->time;
	struct buffer *out = scan->out;

	buffer_append_text(out, scan->begun ? ",\n" : "\n");
	key_append(out, state);
	buffer_append(out, state->wire.bytes, state->wire.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, state->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, state->ttl);
	buffer_append_text(out, ",\"age\":");
	jsontext_number(out, age > 0 ? age : 0);
	buffer_append_text(out,
		state->deadline <= scan->now.monotonic ? ",\"stale\":true}" : ",\"stale\":false}");
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
