/* SPDX-License-Identifier: MIT */
/*
 * One POST at a time over one kept-alive connection (libcurl), without ever blocking: the caller
 * waits on our descriptors and until our deadline, together with whatever else it waits for.
 * curl_global_init(3) comes first.
 */
#ifndef HTTPBROKER_SUBMIT_DELIVERY_SENDER_H
#define HTTPBROKER_SUBMIT_DELIVERY_SENDER_H

#include "common/clocks.h"
#include "httpbroker/submit/delivery/answer.h"

#include <poll.h>
#include <stdbool.h>

#define SENDER_FDS 16 /* descriptors of one transfer: addresses, the resolver */

/* NULL if `url` is not an http or https URL with a host; *why says what is wrong with it. */
struct sender *sender_new(const char *url, struct reason *why);

/* The URL as it may be logged: without user, password and query. */
const char *sender_url(const struct sender *sender);

/* Begins to send; only while idle. `body` must stay until the outcome is known. */
void sender_start(struct sender *sender, const char *body, size_t length);

bool sender_busy(const struct sender *sender);

/* What to wait for: writes at most SENDER_FDS entries to `fds` and returns how many. */
nfds_t sender_watch(const struct sender *sender, struct pollfd *fds);

/* When to call sender_advance() even if nothing happened (monotonic). */
nsec sender_deadline(const struct sender *sender);

/* Goes on with what `fds`, as sender_watch() wrote them and poll filled them, made possible. */
enum outcome sender_advance(struct sender *sender, const struct pollfd *fds, nfds_t count, nsec now,
	struct reason *why);

/* Drops what is under way. */
void sender_free(struct sender *sender);

#endif
