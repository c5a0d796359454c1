/* SPDX-License-Identifier: MIT */
/*
 * Sends one request at a time over a kept-alive connection (libcurl), without blocking: the caller
 * polls its descriptors and its deadline. Of several brokers, the one that accepted the last
 * request is tried first, then the others in their order. If none accepts, those that answered 503
 * are tried once more, with `Prefer: respond-async`: one of them may keep in memory what it cannot
 * write to Redis (httpbroker(8), STAND-BY). curl_global_init(3) comes first.
 */
#ifndef HTTPBROKER_SUBMIT_SENDER_H
#define HTTPBROKER_SUBMIT_SENDER_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/client/transfer.h"
#include "httpbroker/submit/queue.h"
#include "httpbroker/submit/response.h"

#define SENDER_TARGETS 16

struct request {
	const char *body; /* of a POST; NULL: a DELETE */
	size_t length;
	size_t documents;  /* in the body */
	const char *query; /* of a DELETE, encoded */
};

/* Without targets; at least one must be added. */
struct sender *sender_new(void);

/* False: the URL is wrong (transfer.h), or there are SENDER_TARGETS already. */
bool sender_add(struct sender *sender, const char *url, const struct target_options *options,
	struct reason *why);

/* The n-th target, in the order in which they were added; NULL: there are no more. */
struct target *sender_target(const struct sender *sender, size_t number);

/* The URL of the current target, for the log. */
const char *sender_url(const struct sender *sender);

/* The same, or `every broker` where there are several. */
const char *sender_urls(const struct sender *sender);

/* Logs why the request failed; `next` says what happens next. */
void sender_failure_log(
	const struct sender *sender, const struct response *response, const char *next);

/* Starts sending; only while idle. The request must live until its outcome. */
void sender_start(struct sender *sender, const struct request *request);

bool sender_busy(const struct sender *sender);

/* Writes at most TRANSFER_FDS descriptors to poll to `fds`. Returns their number. */
nfds_t sender_watch(const struct sender *sender, struct pollfd *fds);

/* When to call sender_advance() at the latest (monotonic). */
nsec sender_deadline(const struct sender *sender);

/*
 * Continues. RESPONSE_AWAY: no broker accepts the request now; response->why has the reason of
 * each.
 */
enum response_result sender_advance(struct sender *sender, nsec now, struct response *response);

/* Cancels a request under way. */
void sender_free(struct sender *sender);

/*
 * The batch under way: the first events of a queue, in one request. They stay in the queue until
 * the broker has answered for each of them. Each refused event is logged with its file and line
 * and its beginning, as a line number alone does not identify an event from a pipe.
 */

struct spool;

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
