/* SPDX-License-Identifier: MIT */
/*
 * GET /state: every check's last event, as an object keyed `entity:check`. `state` is what is told
 * of the check, `reported` what the event said.
 */
#include "common/memory.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/delivery/recall.h"
#include "httpbroker/events/jsontext.h"
#include "httpbroker/http/scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

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

/* Before the broker knows what Redis has, there are only events that were answered 202. */
struct look {
	struct submission submission;
	const struct broker *broker;
	struct buffer kept; /* a line each */
};

/* The writer of these states is this thread. */
static void kept_take(struct states *states, const struct posting *posting)
{
	const struct states_event event = {.wire = posting->wire,
		.condition = posting->condition,
		.time = posting->time,
		.ttl = posting->ttl,
		.deadline = posting->deadline,
		.fraction = posting->fraction};
	struct state *state = states_find(states, &posting->names);

	if (posting->forgotten && state != NULL) {
		states_remove(states, state);
		free(state);
	} else if (posting->forgotten || !condition_lasts(posting->condition)) {
		return;
	} else if (state == NULL) {
		states_add(states, &posting->names, &event);
	} else if (posting->time >= state->time) {
		states_set(states, state, &event);
	}
}

static struct states *kept_states(const struct look *look)
{
	const struct recall recall = {look->broker->flapjack, 0, moment_now()};
	const char *line = look->kept.data, *end;
	struct siphash_key key;
	struct posting posting;
	struct reason why;

	if (getentropy(&key, sizeof key) != 0) /* for this answer any will do */
		key = (struct siphash_key){0, 0};
	struct states *states = states_new(&key);
	for (; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct blob json = {line, (size_t)(end - line)};

		if (!recall_event(&recall, json, &posting, &why))
			continue;
		kept_take(states, &posting);
		posting_free(&posting);
	}
	return states;
}

static struct submission *get_begin(
	const struct broker *broker, struct request *request, struct answer *answer)
{
	if (delivery_role(broker->delivery) != DELIVERY_STARTS) {
		scan_answer(broker, request, &listing, ANSWER_JSON, answer);
		return NULL;
	}
	struct look *look = request->data = memory_zeroed(1, sizeof *look);
	look->broker = broker;
	look->submission.look = &look->kept;
	return &look->submission;
}

static void get_end(struct request *request, struct answer *answer)
{
	const struct look *look = request->data;

	if (look->submission.result == SUBMISSION_DROPPED)
		answer_busy(answer, look->submission.why);
	else
		scan_answer_own(
			look->broker, kept_states(look), request, &listing, ANSWER_JSON, answer);
}

static void get_free(struct request *request)
{
	struct look *look = request->data;

	if (look != NULL)
		buffer_free(&look->kept);
	free(look);
}

const struct route route_get_state = {.path = "/state",
	.method = "GET",
	.active_only = true,
	.begin = get_begin,
	.end = get_end,
	.free = get_free};
