/* SPDX-License-Identifier: MIT */
/*
 * What is under way: the first events of a queue, in one request. They stay in the queue until the
 * broker has answered for each of them. {0} is none.
 */
#ifndef HTTPBROKER_SUBMIT_DELIVERY_SHIPMENT_H
#define HTTPBROKER_SUBMIT_DELIVERY_SHIPMENT_H

#include "common/buffer.h"
#include "httpbroker/submit/delivery/sender.h"
#include "httpbroker/submit/delivery/tally.h"

struct shipment {
	struct queue *queue;
	size_t count;  /* of its first events */
	size_t singly; /* of the next events: with one of them a request was refused as a whole */
	struct buffer body;
	struct request request;
};

/* Sends the first of `queue`, at most `most`; neither may be empty. The sender must be idle. */
void shipment_send(
	struct shipment *shipment, struct queue *queue, size_t most, struct sender *sender);

/* It may be that one event has spoilt the request for all: then each goes by itself, which shows
 * which it is, and there is nothing to settle. False: it is not so. */
bool shipment_divided(struct shipment *shipment, const struct answer *answer);

/* The broker wants some of them to be sent again. */
bool shipment_in_part(const struct shipment *shipment, const struct answer *answer);

/* An event is answered for, before it leaves its queue. */
typedef void shipment_settled(void *context, const struct queue *queue, const struct queued *event);

/* Takes what is answered for from the queue, and into the tally. */
void shipment_settle(struct shipment *shipment, const struct answer *answer, struct tally *tally,
	shipment_settled *settled, void *context);

void shipment_clear(struct shipment *shipment);

#endif
