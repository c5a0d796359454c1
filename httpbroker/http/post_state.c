/* SPDX-License-Identifier: MIT */
/* POST /state: an event, or many. */
#include "common/clocks.h"
#include "common/duration.h"
#include "common/memory.h"
#include "httpbroker/http/batch.h"
#include "httpbroker/http/batch_answer.h"
#include "httpbroker/http/routes.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The documents of a body on their way into a batch. */
struct taking {
	struct intake intake; /* first, so that an intake is one of these */
	const struct broker *broker;
	const struct permit *permit;
	struct format_context context;
	struct moment now;
	struct batch *batch;
	struct place place;          /* of the document that is looked at */
	uint32_t part;               /* of that, the next */
	const struct format *format; /* of the last one */
};

static struct item *item_next(struct taking *taking)
{
	return batch_add(taking->batch, NULL, taking->place, taking->part++);
}

static void item_refuse(struct taking *taking, enum fate fate, const struct reason *why)
{
	struct item *item = item_next(taking);

	if (item == NULL)
		return;
	item->fate = fate;
	item->why = memory_copied(why->text);
}

static void event_refuse(struct intake *intake, const struct reason *why)
{
	item_refuse((struct taking *)intake, FATE_INVALID, why);
}

static void event_pass(struct intake *intake, enum passed why)
{
	struct item *item = item_next((struct taking *)intake);

	if (item != NULL)
		item->fate = why == PASSED_TEST ? FATE_TEST : FATE_MERGED;
}

static void event_take(struct intake *intake, const struct event *event)
{
	struct taking *taking = (struct taking *)intake;
	const struct broker *broker = taking->broker;
	struct reason why;

	if (!permit_allows(taking->permit, event->entity.bytes, event->entity.length)) {
		reason_set(&why, "this token may not write '%.64s'", event->entity.bytes);
		item_refuse(taking, FATE_FORBIDDEN, &why);
		return;
	}
	if (item_next(taking) == NULL)
		return;
	posting_make(batch_submit(taking->batch), event, broker->flapjack, taking->now);
	left_out_count(broker->counters, event, broker->flapjack);
}

static bool document_take(struct body_visitor *visitor, json_t *document, struct place place)
{
	struct taking *taking = visitor->owner;
	struct batch *batch = taking->batch;
	size_t first = batch->count;

	taking->place = place;
	taking->part = 0;
	taking->format = format_translate(document, &taking->context, &taking->intake);
	for (size_t i = first; i < batch->count; i++) {
		batch->items[i].format = taking->format;
		if (taking->format == NULL)
			batch->items[i].fate = FATE_SHAPE;
	}
	return !batch->overflows;
}

static bool line_refuse(struct body_visitor *visitor, const struct reason *why, struct place place)
{
	struct taking *taking = visitor->owner;

	taking->place = place;
	taking->part = 0;
	item_refuse(taking, FATE_SYNTAX, why);
	return !taking->batch->overflows;
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
	counters_event(broker->counters, NULL, fate, 1);
	answer_error(answer, fate == FATE_TOO_LARGE ? 413 : 400, "%s", why);
}

/* Fills the batch from the body. False, with an answer, if nothing of it is taken. */
static bool body_take(struct taking *taking, const struct request *request, struct answer *answer)
{
	struct body_visitor visitor = {document_take, line_refuse, taking};
	struct batch *batch = taking->batch;
	struct reason why;
	enum body_kind kind = body_read(
		request->body.data, request->body.length, says_lines(request), &visitor, &why);

	batch->one = kind == BODY_ONE && (taking->format == NULL || !taking->format->many);
	if (kind == BODY_BROKEN) {
		body_refuse(taking->broker, answer, FATE_SYNTAX, why.text);
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

/* `?ttl=DURATION`; 0: not given. */
static bool ttl_read(const struct query *query, int32_t *out, struct answer *answer)
{
	static const char *const known[] = {"ttl", NULL};
	const char *text = query_get(query, "ttl");
	struct reason why;
	nsec ttl = 0;

	if (!query_check(query, known, answer))
		return false;
	if (text != NULL &&
		!duration_parse(text, NSEC_PER_SEC, INT32_MAX * NSEC_PER_SEC, &ttl, &why)) {
		answer_error(answer, 400, "?ttl: %s", why.text);
		return false;
	}
	*out = (int32_t)((ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	return true;
}

static bool taking_init(struct taking *taking, const struct broker *broker,
	const struct request *request, struct answer *answer)
{
	struct moment now = moment_now();

	*taking = (struct taking){
		.intake = {event_take, event_refuse, event_pass},
		.broker = broker,
		.permit = request->permit,
		.context = {broker->flapjack, now.wall / NSEC_PER_SEC, 0},
		.now = now,
		.batch = request->data,
	};
	return ttl_read(&request->query, &taking->context.ttl, answer);
}

static struct submission *post_begin(
	const struct broker *broker, struct request *request, struct answer *answer)
{
	struct batch *batch = request->data = batch_new(broker->counters);
	struct taking taking;

	if (!taking_init(&taking, broker, request, answer) || !body_take(&taking, request, answer))
		return NULL;
	buffer_free(&request->body); /* not to be held while it waits for Redis */
	if (batch->submission.count > 0)
		return &batch->submission;
	batch_settle(batch);
	batch_answer(batch, answer);
	return NULL;
}

static void post_end(struct request *request, struct answer *answer)
{
	struct batch *batch = request->data;

	batch_settle(batch);
	batch_answer(batch, answer);
}

static void post_free(struct request *request)
{
	if (request->data != NULL)
		batch_free(request->data);
}

const struct route route_post_state = {.path = "/state",
	.method = "POST",
	.begin = post_begin,
	.end = post_end,
	.free = post_free};
