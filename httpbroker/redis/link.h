/* SPDX-License-Identifier: MIT */
/*
 * The link to Redis: connects, greets, sends one commit at a time and sees it through, whatever
 * happens to the connection meanwhile. When it fails it says so once, tries again with back-off
 * (0.1 s to 5 s), and says once that it is over. It never blocks.
 *
 * A commit whose answer was lost with the connection is looked up on the next one by its batch
 * number, and only sent again if it was not applied.
 */
#ifndef HTTPBROKER_REDIS_LINK_H
#define HTTPBROKER_REDIS_LINK_H

#include "common/address.h"
#include "common/clocks.h"
#include "httpbroker/redis/batch.h"
#include "httpbroker/redis/commit.h"
#include "httpbroker/redis/greeting.h"

struct pollfd;
struct link;

struct link_settings {
	struct address server;
	struct greeter greeter;
	struct keys keys;            /* not owned */
	char token[BATCH_TOKEN + 1]; /* random hexadecimal digits: who this broker is */
	int wake_fd;                 /* an eventfd, written to when link_step() has work */
};

struct link *link_new(const struct link_settings *settings, nsec now);
void link_free(struct link *link);

/* Goes on as far as that is possible now. Call when poll(2) says so, or at link_deadline(). */
void link_step(struct link *link, struct moment now);
nsec link_deadline(const struct link *link);
void link_poll(const struct link *link, struct pollfd *out);

/* Whether a commit can be handed over; the commit stays the caller's. */
bool link_ready(const struct link *link);
void link_commit(struct link *link, struct commit *commit, struct moment now);

/* The commit that was handed over, once, when it has been applied; else NULL. */
struct commit *link_applied(struct link *link);

/* Whether a commit is on its way and its answers are awaited. */
bool link_busy(const struct link *link);

/* Whether Redis cannot be had just now, so that nobody should wait for it. */
bool link_away(const struct link *link);

/* Whether Redis was ever heard; why it is away, or was last, in words. */
bool link_greeted(const struct link *link);
const char *link_why(const struct link *link);

/* What to add to the monotonic clock to get the broker clock. Known once link_ready() was true. */
nsec link_clock(const struct link *link);

/* Tries again now, not when the back-off is over. */
void link_hurry(struct link *link, nsec now);

/* How often it has failed. */
unsigned link_failures(const struct link *link);

#endif
