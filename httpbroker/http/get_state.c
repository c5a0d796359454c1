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

static void key_append(struct buffer *out, const struct check *check)
{
	char key[CHECKS_KEY];

	jsontext_string(out, key, check_key(check, key));
	buffer_append(out, ":", 1);
}

/* What the event said, as it stands in the wire: `,"state":"ok"`. */
static struct text reported_text(const struct encoded *encoded)
{
	static const char before[] = ",\"state\":\"";
	const char *word = encoded->bytes + encoded->head + sizeof before - 1;
	const char *end = memchr(word, '"', (size_t)(encoded->bytes + encoded->length - word));

	return (struct text){word, (size_t)(end - word)};
}

static void event_append(struct buffer *out, const struct encoded *encoded,
	const struct text *reported, const char *told)
{
	size_t before = (size_t)(reported->bytes - encoded->bytes);
	size_t after = before + reported->length;

	if (told == NULL) {
		buffer_append(out, encoded->bytes, encoded->length);
		return;
	}
	buffer_append(out, encoded->bytes, before);
	buffer_append_text(out, told);
	buffer_append(out, encoded->bytes + after, encoded->length - after);
}

static void check_list(struct scan *scan, const struct check *check)
{
	int64_t age = scan->now.wall / NSEC_PER_SEC - check->time;
	bool stale = check->deadline <= scan->now.monotonic;
	const struct text reported = reported_text(&check->encoded);
	struct buffer *out = scan->out;

	buffer_append_text(out, scan->begun ? ",\n" : "\n");
	key_append(out, check);
	event_append(
		out, &check->encoded, &reported, stale ? state_name(scan->broker->stale_as) : NULL);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, check->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, check->ttl);
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

static const struct scan_form listing = {1, listing_begin, check_list, listing_end};

/* Before the broker knows what Redis has, there are only events that were answered 202. */
struct look {
	struct submission submission;
	const struct broker *broker;
	struct buffer kept; /* a line each */
};

/* The writer of these states is this thread. */
static void entry_take(struct checks *checks, const struct prepared *prepared)
{
	const struct checks_event event = {.encoded = prepared->encoded,
		.state = prepared->state,
		.time = prepared->time,
		.ttl = prepared->ttl,
		.deadline = prepared->deadline,
		.fraction = prepared->fraction};
	struct check *check = checks_find(checks, &prepared->names);

	if (prepared->forgotten && check != NULL) {
		checks_remove(checks, check);
		free(check);
	} else if (prepared->forgotten || !state_lasts(prepared->state)) {
		return;
	} else if (check == NULL) {
		checks_add(checks, &prepared->names, &event);
	} else if (prepared->time >= check->time) {
		checks_set(checks, check, &event);
	}
}

static struct checks *entry_states(const struct look *look)
{
	const struct recall recall = {look->broker->flapjack, 0, moment_now()};
	const char *line = look->kept.data, *end;
	struct siphash_key key;
	struct prepared prepared;
	struct reason why;

	if (getentropy(&key, sizeof key) != 0) /* for this answer any will do */
		key = (struct siphash_key){0, 0};
	struct checks *checks = checks_new(&key);
	for (; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct blob json = {line, (size_t)(end - line)};

		if (!decode_event(&recall, json, &prepared, &why))
			continue;
		entry_take(checks, &prepared);
		prepared_free(&prepared);
	}
	return checks;
}

static struct submission *get_begin(
	const struct broker *broker, struct request *request, struct response *answer)
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

static void get_end(struct request *request, struct response *answer)
{
	const struct look *look = request->data;

	if (look->submission.result == SUBMISSION_DROPPED)
		response_busy(answer, look->submission.why);
	else
		scan_answer_own(
			look->broker, entry_states(look), request, &listing, ANSWER_JSON, answer);
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
