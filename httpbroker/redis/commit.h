/* SPDX-License-Identifier: MIT */
/*
 * One commit: what is written to Redis in one piece and one round trip, and how its answers are
 * judged.
 *
 *     MULTI
 *     HDEL httpbroker:NAME:states …    records of checks that were forgotten
 *     HSET httpbroker:NAME:states …    records of states that have changed
 *     LPUSH QUEUE …                    events for Flapjack, the oldest first
 *     LPUSH QUEUE_actions +            Flapjack 2 looks at its queue only then
 *     SET httpbroker:NAME:batch …      which commit this was
 *     EXEC
 *     WATCH httpbroker:NAME:batch      for the next one
 *
 * Watched is the key that the commit itself sets. A connection begins by touching it (see
 * greeting.h), so that a commit still under way on an older connection can no longer succeed.
 */
#ifndef HTTPBROKER_REDIS_COMMIT_H
#define HTTPBROKER_REDIS_COMMIT_H

#include "common/reason.h"
#include "httpbroker/redis/resp.h"

#include <stdint.h>

struct redisReply;

/* The names of Redis's keys; all owned. */
struct keys {
	char *states;  /* the hash of records */
	char *batch;   /* which commit was the last */
	char *queue;   /* Flapjack's list */
	char *actions; /* its list of wake-ups; NULL: Flapjack 1, which has none */
};

void keys_init(struct keys *keys, const char *name, const char *queue, int flapjack);
void keys_free(struct keys *keys);

/* How many pushes and records there were up to some point; neither ever goes back. */
struct marks {
	uint64_t pushes;
	uint64_t records;
};

/* In one commit a check that is forgotten and then posted again has its record: HDEL comes first.
 */
enum commit_part {
	COMMIT_RECORDS = 1,
	COMMIT_PUSHES = 2,
	COMMIT_WAKE = 4,
	COMMIT_BATCH = 8, /* always part of it */
	COMMIT_FORGETS = 16,
};

struct commit {
	struct commit *prev, *next; /* the outbox's */
	struct resp_list pushes;    /* events */
	struct resp_list records;   /* fields and values */
	struct resp_list forgets;   /* fields */
	const struct keys *keys;    /* that it was written with */
	struct marks reaches;       /* what has been done once this one is */
	unsigned todo;              /* parts that were not applied yet */
	unsigned sent;              /* parts that were sent this time */
	unsigned refused;           /* parts that were refused while the others were applied */
	int answers;                /* read so far */
	int verdict;                /* so far; enum commit_verdict */
};

/* Appends the commands for what is to be done, and forgets earlier answers. */
void commit_write(
	struct commit *commit, const struct keys *keys, const char *batch, struct buffer *out);

enum commit_verdict {
	COMMIT_WAITS,  /* more answers are to come */
	COMMIT_DONE,   /* everything is in Redis */
	COMMIT_AGAIN,  /* somebody touched the watched key: nothing was applied, send it again */
	COMMIT_FAILED, /* refused; what is to be sent again is in todo. The connection is spoilt */
};

/* Takes the next answer. `why` is to be the same for all that answer one commit_write(). */
enum commit_verdict commit_judge(
	struct commit *commit, const struct redisReply *reply, struct reason *why);

#endif
