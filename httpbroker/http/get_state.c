/* SPDX-License-Identifier: MIT */
/*
 * GET /state: every check's last event, as an object keyed `entity:check`. It is made a shard of
 * the table at a time, so that nobody waits for long and there is no second copy of the table.
 */
#include "common/clocks.h"
#include "common/memory.h"
#include "httpbroker/events/jsontext.h"
#include "httpbroker/http/routes.h"

#include <stdlib.h>

struct listing {
	struct stream stream; /* first, so that a listing is a stream */
	struct states *states;
	struct moment now;
	unsigned shard; /* the next one */
	bool begun;     /* something was listed already */
	struct buffer *out;
};

/* Two pairs of names that look alike must not share a key: the second is `…#2`. */
static void key_append(struct buffer *out, const struct state *state)
{
	jsontext_string(out, state->names, state->hh.keylen);
	if (state->rank == 1)
		return;
	out->length--; /* before the closing quote */
	buffer_printf(out, "#%u\"", state->rank);
}

static void state_list(const struct state *state, void *context)
{
	struct listing *listing = context;
	int64_t age = listing->now.wall / NSEC_PER_SEC - state->time;
	struct buffer *out = listing->out;

	buffer_append_text(out, listing->begun ? ",\n" : "\n");
	listing->begun = true;
	key_append(out, state);
	buffer_append(out, ":", 1);
	buffer_append(out, state->wire.bytes, state->wire.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, state->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, state->ttl);
	buffer_append_text(out, ",\"age\":");
	jsontext_number(out, age > 0 ? age : 0);
	buffer_append_text(out, state->deadline <= listing->now.monotonic ? ",\"stale\":true}"
									  : ",\"stale\":false}");
}

static bool listing_more(struct stream *stream, struct buffer *out)
{
	struct listing *listing = (struct listing *)stream;

	listing->out = out;
	if (listing->shard == 0)
		buffer_append(out, "{", 1);
	if (listing->shard < STATES_SHARDS)
		states_visit(listing->states, listing->shard, state_list, listing);
	if (++listing->shard < STATES_SHARDS)
		return true;
	buffer_append_text(out, listing->begun ? "\n}\n" : "}\n");
	return false;
}

static void listing_free(struct stream *stream)
{
	free(stream);
}

static struct submission *get_begin(
	const struct broker *broker, struct request *request, struct answer *answer)
{
	struct listing *listing = memory_zeroed(1, sizeof *listing);

	(void)request;
	listing->stream = (struct stream){listing_more, listing_free};
	listing->states = broker->states;
	listing->now = moment_now();
	answer->status = 200;
	answer->type = ANSWER_JSON;
	answer->stream = &listing->stream;
	return NULL;
}

const struct route route_get_state = {
	.path = "/state", .method = "GET", .active_only = true, .begin = get_begin};
