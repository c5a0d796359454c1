/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/shipment.h"

#include "httpbroker/submit/delivery/batch.h"

void shipment_send(
	struct shipment *shipment, struct queue *queue, size_t most, struct sender *sender)
{
	shipment->queue = queue;
	shipment->count =
		batch_fill(&shipment->body, queue, shipment->singly > 0 ? 1 : most, clock_wall());
	shipment->request = (struct request){.body = shipment->body.data,
		.length = shipment->body.length,
		.documents = shipment->count};
	sender_start(sender, &shipment->request);
}

bool shipment_divided(struct shipment *shipment, const struct answer *answer)
{
	if (answer->outcome != OUTCOME_REFUSED || !answer->by_content || answer->verdicts != NULL ||
		shipment->count == 1)
		return false;
	shipment->singly = shipment->count;
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

bool shipment_in_part(const struct shipment *shipment, const struct answer *answer)
{
	for (size_t i = 0; i < shipment->count; i++)
		if (outcome_of(answer, i) == OUTCOME_AWAY)
			return true;
	return false;
}

void shipment_settle(struct shipment *shipment, const struct answer *answer, struct tally *tally,
	shipment_settled *settled, void *context)
{
	struct queue *queue = shipment->queue;
	struct queued *before = NULL;

	for (size_t i = 0; i < shipment->count; i++) {
		struct queued *event = before != NULL ? before->next : queue->first;
		enum outcome outcome = outcome_of(answer, i);

		if (outcome == OUTCOME_AWAY) {
			before = event;
			continue;
		}
		tally_answered(tally, event, outcome, why_of(answer, i));
		settled(context, queue, event);
		queue_drop(queue, before);
		if (shipment->singly > 0)
			shipment->singly--;
	}
}

void shipment_clear(struct shipment *shipment)
{
	buffer_free(&shipment->body);
}
