/* SPDX-License-Identifier: MIT */
/*
 * What is under way: the first events of a queue, in one request. They stay in the queue until the
 * broker has answered for each of them. {0} is none.
 */
#ifndef HTTPBROKER_SUBMIT_REQUEST_BATCH_H
#define HTTPBROKER_SUBMIT_REQUEST_BATCH_H

#include "common/buffer.h"
#include "httpbroker/submit/results.h"
#include "httpbroker/submit/sender.h"

struct batch {
	struct queue *queue;
	size_t count;  /* of its first events */
	size_t singly; /* of the next events: with one of them a request was refused as a whole */
	struct buffer body;
	struct request request;
};

/* Sends the first of `queue`, at most `most`; neither may be empty. The sender must be idle. */
void request_batch_send(
	struct batch *batch, struct queue *queue, size_t max, struct sender *sender);

/* It may be that one event has spoilt the request for all: then each goes by itself, which shows
 * which it is, and there is nothing to settle. False: it is not so. */
bool request_batch_divided(struct batch *batch, const struct answer *answer);

/* The broker wants some of them to be sent again. */
bool request_batch_in_part(const struct batch *batch, const struct answer *answer);

/* An event is answered for, before it leaves its queue. */
typedef void request_batch_settled(
	void *context, const struct queue *queue, const struct queued *event);

/* Takes what is answered for from the queue, and into the tally. */
void request_batch_settle(struct batch *batch, const struct answer *answer, struct results *results,
	request_batch_settled *settled, void *context);

void request_batch_clear(struct batch *batch);

#endif
