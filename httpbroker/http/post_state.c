/* SPDX-License-Identifier: MIT */
/* POST /state: an event. */
#include "common/clocks.h"
#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/events/jsontext.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/http/routes.h"

#include <stdlib.h>

/* One allocation for everything that one event needs until it is answered. */
struct post {
	struct submission submission;
	struct posting posting;
	enum ledger_answer answer;
};

static json_t *body_read(const struct buffer *body, struct reason *why)
{
	json_error_t error;

	if (body->length == 0) {
		reason_set(why, "the body is empty: post a JSON object");
		return NULL;
	}
	json_t *document = json_loadb(body->data, body->length, JSON_REJECT_DUPLICATES, &error);
	if (document == NULL)
		reason_set(why, "line %d, column %d: %s", error.line, error.column, error.text);
	return document;
}

static struct post *post_new(const struct event *event, int flapjack, struct moment now)
{
	struct post *post = memory_zeroed(1, sizeof *post);

	posting_make(&post->posting, event, flapjack, now);
	post->submission.postings = &post->posting;
	post->submission.answers = &post->answer;
	post->submission.count = 1;
	return post;
}

static struct post *document_take(
	json_t *document, int flapjack, struct moment now, struct reason *why)
{
	const struct format_context context = {flapjack, now.wall / NSEC_PER_SEC};
	struct events events = {NULL, 0, 0};
	struct post *post = NULL;

	if (format_translate(document, &context, &events, NULL, why))
		post = post_new(&events.list[0], flapjack, now);
	events_free(&events);
	return post;
}

static struct submission *post_begin(
	const struct broker *broker, struct request *request, struct answer *answer)
{
	struct reason why;
	json_t *document = body_read(&request->body, &why);
	struct post *post = NULL;

	if (document != NULL)
		post = document_take(document, broker->flapjack, moment_now(), &why);
	json_decref(document);
	if (post == NULL) {
		answer_error(answer, 400, "%s", why.text);
		return NULL;
	}
	request->data = post;
	return &post->submission;
}

static void post_free(struct request *request)
{
	struct post *post = request->data;

	if (post != NULL)
		posting_free(&post->posting);
	free(post);
}

/* The event as it was taken: what the original answered, in the original's order. */
static void echo_append(struct buffer *out, const struct posting *posting)
{
	buffer_append_text(
		out, condition_lasts(posting->condition) ? "Caching state: " : "Sending event: ");
	buffer_append(out, posting->wire.bytes, posting->wire.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, posting->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, posting->ttl);
	buffer_append_text(out, "}\n");
}

static void taken_answer(const struct post *post, struct answer *answer)
{
	answer->status = post->submission.result == SUBMISSION_KEPT ? 202 : 200;
	answer->type = ANSWER_TEXT;
	echo_append(&answer->body, &post->posting);
	log_debug("%.*s", (int)answer->body.length - 1, answer->body.data);
}

static void older_answer(struct answer *answer)
{
	answer->status = 200;
	answer->type = ANSWER_JSON;
	buffer_append_text(&answer->body,
		"{\"kept\": false, \"reason\": \"a newer event of this check is cached\"}\n");
}

static void post_end(struct request *request, struct answer *answer)
{
	const struct post *post = request->data;

	if (post->submission.result == SUBMISSION_DROPPED)
		answer_busy(answer, "the broker is stopping");
	else if (post->answer == LEDGER_FULL)
		answer_busy(answer, "too many checks, or too many events that wait for Redis");
	else if (post->answer == LEDGER_OLDER)
		older_answer(answer);
	else
		taken_answer(post, answer);
}

const struct route route_post_state = {"/state", "POST", post_begin, post_end, post_free};
