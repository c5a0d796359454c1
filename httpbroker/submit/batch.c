/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/batch.h"

#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>

const char *origin_text(const struct origin *origin, const char *end, char out[ORIGIN_TEXT])
{
	const char *file = origin->file != NULL ? origin->file : "";

	out[0] = '\0';
	if (origin->line > 0)
		snprintf(out, ORIGIN_TEXT, "%s%sline %" PRIu64 "%s", file,
			*file != '\0' ? ": " : "", origin->line, end);
	return out;
}

void results_unreadable(
	struct results *results, const struct origin *origin, const struct reason *why)
{
	char text[ORIGIN_TEXT];

	log_error("%s%s", origin_text(origin, ": ", text), why->text);
	results->refused++;
}

static void results_add(struct results *results, const struct queued *event,
	enum response_result result, const char *why)
{
	char text[ORIGIN_TEXT], beginning[QUOTED_INPUT_SIZE];

	if (result == RESPONSE_REFUSED) {
		log_error("%s%s: %s", origin_text(&event->origin, ": ", text), why,
			quoted_input(event->json, beginning));
		results->refused++;
		return;
	}
	if (results->verbose)
		log_info("%saccepted (%s)", origin_text(&event->origin, ": ", text), why);
	results->accepted++;
}

void results_undelivered(const struct queue *queue, const char *brokers, bool whole)
{
	const struct origin *first = &queue->first->origin;
	char text[ORIGIN_TEXT];

	log_error("%s accepted no more: %zu event%s not delivered%s%s%s", brokers, queue->count,
		queue->count == 1 ? "" : "s", first->line > 0 ? ", from " : "",
		origin_text(first, " on", text), whole ? "" : "; what follows was not read");
}

void batch_send(struct batch *batch, struct queue *queue, size_t max, struct sender *sender)
{
	batch->queue = queue;
	batch->count = batch_fill(&batch->body, queue, batch->singly > 0 ? 1 : max, clock_wall());
	batch->request = (struct request){
		.body = batch->body.data, .length = batch->body.length, .documents = batch->count};
	sender_start(sender, &batch->request);
}

bool batch_split(struct batch *batch, const struct response *response)
{
	if (response->result != RESPONSE_REFUSED || !response->bad_content ||
		response->items != NULL || batch->count == 1)
		return false;
	batch->singly = batch->count;
	return true;
}

static enum response_result result_of(const struct response *response, size_t index)
{
	return response->items != NULL ? response->items[index].result : response->result;
}

static const char *why_of(const struct response *response, size_t index)
{
	const char *why = response->items != NULL ? response->items[index].why : NULL;

	return why != NULL ? why : response->why.text;
}

bool batch_partly_sent(const struct batch *batch, const struct response *response)
{
	for (size_t i = 0; i < batch->count; i++)
		if (result_of(response, i) == RESPONSE_AWAY)
			return true;
	return false;
}

void batch_settle(struct batch *batch, const struct response *response, struct results *results,
	struct spool *spool)
{
	struct queue *queue = batch->queue;
	struct queued *before = NULL;

	for (size_t i = 0; i < batch->count; i++) {
		struct queued *event = before != NULL ? before->next : queue->first;
		enum response_result result = result_of(response, i);

		if (result == RESPONSE_AWAY) {
			before = event;
			continue;
		}
		results_add(results, event, result, why_of(response, i));
		if (spool != NULL)
			spool_settle(spool, event);
		queue_drop(queue, before);
		if (batch->singly > 0)
			batch->singly--;
	}
}

void batch_clear(struct batch *batch)
{
	buffer_free(&batch->body);
}
