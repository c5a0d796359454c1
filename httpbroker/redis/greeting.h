/* SPDX-License-Identifier: MIT */
/*
 * What is said first on a new connection to Redis:
 *
 *     SELECT DATABASE
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

struct greeting {
	int answers;       /* read so far */
	bool found;        /* a batch was there */
	struct batch last; /* if so */
};

void greeting_write(
	struct greeting *greeting, const struct keys *keys, int database, struct buffer *out);

enum greeting_verdict { GREETING_WAITS, GREETING_DONE, GREETING_REFUSED };

/* Takes the next answer; the reason is set with GREETING_REFUSED. */
enum greeting_verdict greeting_judge(
	struct greeting *greeting, const struct redisReply *reply, struct reason *why);

#endif
