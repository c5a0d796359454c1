/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/request_batch.h"

#include "httpbroker/submit/queue.h"

void request_batch_send(struct batch *batch, struct queue *queue, size_t max, struct sender *sender)
{
	batch->queue = queue;
	batch->count = batch_fill(&batch->body, queue, batch->singly > 0 ? 1 : max, clock_wall());
	batch->request = (struct request){
		.body = batch->body.data, .length = batch->body.length, .documents = batch->count};
	sender_start(sender, &batch->request);
}

bool request_batch_divided(struct batch *batch, const struct answer *answer)
{
	if (answer->outcome != OUTCOME_REFUSED || !answer->by_content || answer->verdicts != NULL ||
		batch->count == 1)
		return false;
	batch->singly = batch->count;
	return true;
}

static enum outcome outcome_of(const struct answer *answer, size_t index)
{
	return answer->verdicts != NULL ? answer->verdicts[index].outcome : answer->outcome;
}

static const char *why_of(const struct answer *answer, size_t index)
{
	const char *why = answer->verdicts != NULL ? answer->verdicts[index].why : NULL;

	return why != NULL ? why : answer->why.text;
}

bool request_batch_in_part(const struct batch *batch, const struct answer *answer)
{
	for (size_t i = 0; i < batch->count; i++)
		if (outcome_of(answer, i) == OUTCOME_AWAY)
			return true;
	return false;
}

void request_batch_settle(struct batch *batch, const struct answer *answer, struct results *results,
	request_batch_settled *settled, void *context)
{
	struct queue *queue = batch->queue;
	struct queued *before = NULL;

	for (size_t i = 0; i < batch->count; i++) {
		struct queued *event = before != NULL ? before->next : queue->first;
		enum outcome outcome = outcome_of(answer, i);

		if (outcome == OUTCOME_AWAY) {
			before = event;
			continue;
		}
		results_answered(results, event, outcome, why_of(answer, i));
		settled(context, queue, event);
		queue_drop(queue, before);
		if (batch->singly > 0)
			batch->singly--;
	}
}

void request_batch_clear(struct batch *batch)
{
	buffer_free(&batch->body);
}
