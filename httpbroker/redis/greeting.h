/* SPDX-License-Identifier: MIT */
/*
 * What is said first on a new connection to Redis:
 *
 *     AUTH PASSWORD    if there is one
 *     SELECT DATABASE
 *
 * and only when that is answered, for where it fails all else would go to database 0:
 *
 *     APPEND httpbroker:NAME:batch ""   touches it: a commit still under way elsewhere now fails
 *     GET httpbroker:NAME:batch         so this is final: which commit was the last
 *     WATCH httpbroker:NAME:batch       for the first commit
 */
#ifndef HTTPBROKER_REDIS_GREETING_H
#define HTTPBROKER_REDIS_GREETING_H

#include "common/reason.h"
#include "httpbroker/redis/batch.h"
#include "httpbroker/redis/commit.h"

#include <stdbool.h>

/* Who greets, and what for. Nothing is owned. */
struct greeter {
	const char *password; /* NULL: none */
	int database;
};

struct greeting {
	const struct keys *keys;
	struct greeter greeter;
	int step;          /* whose answer is awaited */
	bool found;        /* a batch was there */
	struct batch last; /* if so */
};

/* Appends the first command. The keys are used, not owned. */
void greeting_write(struct greeting *greeting, const struct keys *keys,
	const struct greeter *greeter, struct buffer *out);

enum greeting_verdict { GREETING_WAITS, GREETING_DONE, GREETING_REFUSED };

/*
 * Takes the next answer, and appends what is to be said next; the reason is set with
 * GREETING_REFUSED.
 */
enum greeting_verdict greeting_judge(struct greeting *greeting, const struct redisReply *reply,
	struct buffer *out, struct reason *why);

#endif
