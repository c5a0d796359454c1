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

#include "common/clocks.h"
#include "httpbroker/client/transfer.h"
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
 * Continues. RESPONSE_AWAY: no broker accepts the request
 * now; response->why has the reason of each.
 */
enum response_result sender_advance(struct sender *sender, nsec now, struct response *response);

/* Cancels a request under way. */
void sender_free(struct sender *sender);

#endif
