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
	return taking_document(visitor->owner, document, place);
}

static enum fate fate_of(enum body_fault fault)
{
	return fault == BODY_LARGE ? FATE_TOO_LARGE : fault == BODY_FULL ? FATE_FULL : FATE_SYNTAX;
}

static bool line_refuse(struct body_visitor *visitor, enum body_fault fault,
	const struct reason *why, struct place place)
{
	return taking_refuse(visitor->owner, fate_of(fault), why, place);
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
	const struct broker *broker, struct answer *answer, enum fate fate, const char *why)
{
	unsigned status = fate == FATE_TOO_LARGE ? 413 : fate == FATE_FORBIDDEN ? 403 : 400;

	counters_event(broker->counters, NULL, fate, 1);
	if (fate == FATE_FULL) {
		crowding_tell(broker->counters, true);
		answer_busy(answer, why);
		return;
	}
	answer_error(answer, status, "%s", why);
}

/* Fills the batch from the body. False, with an answer, if nothing of it is taken. */
static bool body_take(struct taking *taking, const struct request *request, struct answer *answer)
{
	struct body_visitor visitor = {document_take, line_refuse, taking, BODY_NO_JSON};
	struct batch *batch = taking->batch;
	struct reason why;
	enum body_kind kind = body_read(
		request->body.data, request->body.length, says_lines(request), &visitor, &why);

	batch->one = kind == BODY_ONE && (taking->format == NULL || !taking->format->many);
	if (kind == BODY_BROKEN) {
		body_refuse(taking->broker, answer, fate_of(visitor.fault), why.text);
		return false;
	}
	if (batch->overflows)
		reason_set(&why, "there are more than %d events in the body", LIMIT_BATCH);
	else if (batch->count == 0)
		reason_set(&why, "the batch is empty: there is no event in it");
	else
		return true;
	body_refuse(
		taking->broker, answer, batch->overflows ? FATE_TOO_LARGE : FATE_SHAPE, why.text);
	return false;
}

static struct submission *batch_go(struct batch *batch, struct answer *answer)
{
	if (batch->submission.count > 0)
		return &batch->submission;
	batch_settle(batch);
	batch_answer(batch, answer);
	return NULL;
}

static struct submission *post_begin(
	const struct broker *broker, struct request *request, struct answer *answer)
{
	struct batch *batch = request->data = batch_new(broker->counters);
	struct taking taking;

	if (post_sns_is_raw(request) && request->permit == NULL) {
		body_refuse(broker, answer, FATE_FORBIDDEN, "SNS's raw delivery needs a token");
		return NULL;
	}
	if (!taking_begin(&taking, broker, request, batch, answer))
		return NULL;
	bool taken = body_take(&taking, request, answer);
	buffer_free(&request->body); /* not to be held while it waits for Redis */
	if (taken && batch->one && taking.letter != NULL)
		post_sns_begin(broker, request, taking.letter);
	taking_end(&taking);
	request->holds = batch_bytes(batch);
	if (batch->letter != NULL)
		return post_sns_go(broker, request, answer);
	return taken ? batch_go(batch, answer) : NULL;
}

static void post_end(struct request *request, struct answer *answer)
{
	struct batch *batch = request->data;

	batch_settle(batch);
	batch_answer(batch, answer);
	if (batch->letter != NULL)
		post_sns_end(batch, answer);
}

static void post_free(struct request *request)
{
	if (request->data != NULL)
		batch_free(request->data);
}

const struct route route_post_state = {
	.path = "/state",
	.method = "POST",
	.begin = post_begin,
	.end = post_end,
	.free = post_free,
	.resume = post_sns_go,
};
