/* SPDX-License-Identifier: MIT */
/*
 * One request at a time over a kept-alive connection (libcurl), without ever blocking: the caller
 * waits on our descriptors and until our deadline, together with whatever else it waits for.
 * Where there are several brokers, the one that took the last request is asked first, then the
 * others in their order. When none of them has taken it, those that have answered 503 are asked
 * once more, with `Prefer: respond-async`: one of them may keep in memory what it cannot write to
 * Redis (httpbroker(8), STAND-BY). curl_global_init(3) comes first.
 */
#ifndef HTTPBROKER_SUBMIT_SENDER_H
#define HTTPBROKER_SUBMIT_SENDER_H

#include "common/clocks.h"
#include "httpbroker/submit/response.h"
#include "httpbroker/submit/target.h"

#include <poll.h>
#include <stdbool.h>

#define SENDER_FDS 16 /* descriptors of one transfer: addresses, the resolver */
#define SENDER_TARGETS 16

struct request {
	const char *body; /* to be posted; NULL: a DELETE */
	size_t length;
	size_t documents;  /* in the body */
	const char *query; /* of a DELETE, encoded */
};

/* Without a target; at least one must be added. */
struct sender *sender_new(void);

/* False if the URL is wrong (target.h), or there are SENDER_TARGETS. */
bool sender_add(struct sender *sender, const char *url, const struct target_options *options,
	struct reason *why);

/* The URL of who is asked now, as it may be logged. */
const char *sender_url(const struct sender *sender);

/* The same, or, where there are several, words for all of them. */
const char *sender_urls(const struct sender *sender);

/* Says that the request did not come through, and why; `next` is what follows from that. */
void sender_failure_log(
	const struct sender *sender, const struct response *response, const char *next);

/* Begins to send; only while idle. What the request points to must stay until the outcome. */
void sender_start(struct sender *sender, const struct request *request);

bool sender_busy(const struct sender *sender);

/* What to wait for: writes at most SENDER_FDS entries to `fds` and returns how many. */
nfds_t sender_watch(const struct sender *sender, struct pollfd *fds);

/* When to call sender_advance() even if nothing happened (monotonic). */
nsec sender_deadline(const struct sender *sender);

/*
 * Goes on with what `fds`, as sender_watch() wrote them and poll filled them, made possible.
 * OUTCOME_AWAY: no broker accepts it now; *response->why says why not, of each.
 */
enum outcome sender_advance(struct sender *sender, const struct pollfd *fds, nfds_t count, nsec now,
	struct response *response);

/* Drops what is under way. */
void sender_free(struct sender *sender);

#endif
