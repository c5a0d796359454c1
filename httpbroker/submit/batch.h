/* SPDX-License-Identifier: MIT */
/*
 * The batch under way: the first events of a queue, in one request. They stay in the queue until
 * the broker has answered for each of them. Each refused event is logged with its file and line
 * and its beginning, as a line number alone does not identify an event from a pipe.
 */
#ifndef HTTPBROKER_SUBMIT_BATCH_H
#define HTTPBROKER_SUBMIT_BATCH_H

#include "common/buffer.h"
#include "common/reason.h"
#include "httpbroker/submit/queue.h"
#include "httpbroker/submit/response.h"
#include "httpbroker/submit/sender.h"
#include "httpbroker/submit/spool.h"

struct results {
	bool verbose; /* log accepted events, too */
	uint64_t accepted;
	uint64_t refused; /* by this program or by the broker */
};

/* {0}: none. */
struct batch {
	struct queue *queue;
	size_t count;  /* of its first events */
	size_t singly; /* events still to be sent one by one: a batch with them was refused */
	struct buffer body;
	struct request request;
};

/* Sends the first events of `queue`, at most `max`; neither may be 0. The sender must be idle. */
void batch_send(struct batch *batch, struct queue *queue, size_t max, struct sender *sender);

/*
 * True: the response refuses the whole batch, perhaps because of one event. The events go one by
 * one from now on, and there is nothing to settle.
 */
bool batch_split(struct batch *batch, const struct response *response);

/* True: the broker wants some of the events again. */
bool batch_partly_sent(const struct batch *batch, const struct response *response);

/*
 * Removes the answered events from the queue and counts them. Those of the spool are settled there;
 * NULL: the queue is not the spool's.
 */
void batch_settle(struct batch *batch, const struct response *response, struct results *results,
	struct spool *spool);

void batch_clear(struct batch *batch);

/* `FILE: line N` and `end`, as far as known. Writes into `out` and returns it. */
#define ORIGIN_TEXT 512
const char *origin_text(const struct origin *origin, const char *end, char out[ORIGIN_TEXT]);

/* Counts and logs an input that is no event. */
void results_unreadable(
	struct results *results, const struct origin *origin, const struct reason *why);

/* Logs that the queue's events were not delivered. `whole`: all input was read. */
void results_undelivered(const struct queue *queue, const char *brokers, bool whole);

#endif
