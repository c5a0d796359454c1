/* SPDX-License-Identifier: MIT */
/* POST /state: an event, or many. */
#include "httpbroker/http/batch_answer.h"
#include "httpbroker/http/post_sns.h"
#include "httpbroker/http/taking.h"
#include "httpbroker/limits.h"

#include <string.h>
#include <strings.h>

static bool document_take(struct body_visitor *visitor, json_t *document, struct place place)
{
	return collector_document(visitor->owner, document, place);
}

static enum outcome outcome_of(enum body_fault fault)
{
	return fault == BODY_LARGE  ? OUTCOME_TOO_LARGE
	       : fault == BODY_FULL ? OUTCOME_FULL
				    : OUTCOME_SYNTAX;
}

static bool line_refuse(struct body_visitor *visitor, enum body_fault fault,
	const struct reason *why, struct place place)
{
	return collector_refuse(visitor->owner, outcome_of(fault), why, place);
}

static bool says_lines(const struct request *request)
{
	static const char type[] = "application/x-ndjson";
	const char *said = request->header(request, "Content-Type");

	if (said == NULL || strncasecmp(said, type, sizeof type - 1) != 0)
		return false;
	return strchr("; \t", said[sizeof type - 1]) != NULL; /* its end as well */
}

/* Nothing of the body is taken. */
static void body_refuse(
	const struct broker *broker, struct response *answer, enum outcome outcome, const char *why)
{
	unsigned status = outcome == OUTCOME_TOO_LARGE   ? 413
			  : outcome == OUTCOME_FORBIDDEN ? 403
							 : 400;

	counters_event(broker->counters, NULL, outcome, 1);
	if (outcome == OUTCOME_FULL) {
		overload_tell(broker->counters, true);
		response_busy(answer, why);
		return;
	}
	response_error(answer, status, "%s", why);
}

/* Fills the batch from the body. False, with an answer, if nothing of it is taken. */
static bool body_take(
	struct collector *collector, const struct request *request, struct response *answer)
{
	struct body_visitor visitor = {document_take, line_refuse, collector, BODY_NO_JSON};
	struct post *post = collector->post;
	struct reason why;
	enum body_kind kind = body_read(
		request->body.data, request->body.length, says_lines(request), &visitor, &why);

	post->one = kind == BODY_ONE && (collector->format == NULL || !collector->format->many);
	if (kind == BODY_BROKEN) {
		body_refuse(collector->broker, answer, outcome_of(visitor.fault), why.text);
		return false;
	}
	if (post->overflows)
		reason_set(&why, "there are more than %d events in the body", LIMIT_BATCH);
	else if (post->count == 0)
		reason_set(&why, "the batch is empty: there is no event in it");
	else
		return true;
	body_refuse(collector->broker, answer, post->overflows ? OUTCOME_TOO_LARGE : OUTCOME_SHAPE,
		why.text);
	return false;
}

static struct submission *post_go(struct post *post, struct response *answer)
{
	if (post->submission.count > 0)
		return &post->submission;
	post_settle(post);
	post_respond(post, answer);
	return NULL;
}

static struct submission *post_state_begin(
	const struct broker *broker, struct request *request, struct response *answer)
{
	struct post *post = request->data = post_new(broker->counters);
	struct collector collector;

	if (post_sns_is_raw(request) && request->acl == NULL) {
		body_refuse(broker, answer, OUTCOME_FORBIDDEN, "SNS's raw delivery needs a token");
		return NULL;
	}
	if (!collector_begin(&collector, broker, request, post, answer))
		return NULL;
	bool taken = body_take(&collector, request, answer);
	buffer_free(&request->body); /* not to be held while it waits for Redis */
	if (taken && post->one && collector.message != NULL)
		post_sns_begin(broker, request, collector.message);
	collector_end(&collector);
	request->holds = post_bytes(post);
	if (post->message != NULL)
		return post_sns_go(broker, request, answer);
	return taken ? post_go(post, answer) : NULL;
}

static void post_state_end(struct request *request, struct response *answer)
{
	struct post *post = request->data;

	post_settle(post);
	post_respond(post, answer);
	if (post->message != NULL)
		post_sns_end(post, answer);
}

static void post_state_free(struct request *request)
{
	if (request->data != NULL)
		post_free(request->data);
}

const struct route route_post_state = {
	.path = "/state",
	.method = "POST",
	.begin = post_state_begin,
	.end = post_state_end,
	.free = post_state_free,
	.resume = post_sns_go,
};
