/* SPDX-License-Identifier: MIT */
/*
 * One commit: what is written to Redis in one piece and one round trip, and how its answers are
 * judged.
 *
 *     MULTI
 *     PEXPIRE httpbroker:NAME:lease …  renews it
 *     HDEL httpbroker:NAME:states …    records of checks that were forgotten
 *     HSET httpbroker:NAME:states …    records of states that have changed
 *     LPUSH QUEUE …                    events for Flapjack, the oldest first
 *     LPUSH QUEUE_actions +            Flapjack 2 looks at its queue only then
 *     LTRIM httpbroker:NAME:handover … what another broker had left there, and is now taken
 *     SET httpbroker:NAME:batch …      which commit this was; with events it is an EVAL that
 *                                      adds the queue's type (commit.h), and, if that is a list,
 *                                      writes the records that say that these events were told
 *     HLEN httpbroker:NAME:states      how many records there are now
 *     EXEC
 *     WATCH httpbroker:NAME:lease      for the next one
 *     GET httpbroker:NAME:standby      whether another broker could take over (lease.h)
 *     GET httpbroker:NAME:lease
 *
 * It is carried out only if nobody has touched the lease since it was watched, nor let it run
 * out. What another broker then has accepted is not written over. (Renewing it within the
 * transaction does not break the watch.)
 *
 * Redis has no rollback: where a key is of a wrong type it refuses that command and carries out
 * the others. Those parts are the commit's `refused`, and nothing else is to be sent again.
 */
#ifndef HTTPBROKER_REDIS_COMMIT_H
#define HTTPBROKER_REDIS_COMMIT_H

#include "common/reason.h"
#include "httpbroker/redis/resp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lease;
struct redisReply;

/* The names of Redis's keys; all owned. */
struct keys {
	char *checks;  /* the hash of records */
	char *batch;   /* which commit was the last */
	char *lease;   /* who is active (see lease.h) */
	char *standby; /* who stands by (the same) */
	char *handoff; /* what others have accepted and cannot write */
	char *queue;   /* Flapjack's list */
	char *actions; /* its list of wake-ups; NULL: Flapjack 1, which has none */
};

void keys_init(struct keys *keys, const char *name, const char *queue, int flapjack);
void keys_free(struct keys *keys);

/* How many pushes and records there were up to some point; neither ever goes back. */
struct watermarks {
	uint64_t pushes;
	uint64_t records;
};

bool watermarks_reached(const struct watermarks *done, const struct watermarks *wanted);

/* In one commit a check that is forgotten and then posted again has its record: HDEL comes first.
 */
enum commit_part {
	COMMIT_LEASE = 1, /* always part of it */
	COMMIT_FORGETS = 2,
	COMMIT_RECORDS = 4,
	COMMIT_PUSHES = 8,
	COMMIT_WAKE = 16,
	COMMIT_TRIM = 32,
	COMMIT_BATCH = 64,  /* this or the next is always part of it */
	COMMIT_PROOF = 128, /* in place of COMMIT_BATCH, where there are pushes */
	COMMIT_COUNT = 256, /* of the records */
};

struct commit {
	struct commit *prev, *next; /* the outbox's */
	struct resp_list pushes;    /* events */
	struct resp_list records;   /* fields and values */
	struct resp_list told;      /* the same; not to be written unless the pushes are applied */
	struct resp_list forgets;   /* fields */
	size_t trim;                /* how many of what others left, with COMMIT_TRIM */
	const struct keys *keys;    /* that it was written with */
	struct watermarks reaches;  /* what has been done once this one is */
	uint32_t sequence;          /* the outbox's: which one it is */
	unsigned todo;              /* parts that were not applied yet */
	unsigned sent;              /* parts that were sent this time */
	unsigned refused;      /* parts that were refused while the others were applied: todo */
	int64_t queue_length;  /* that Redis told; -1: it did not */
	int64_t records_there; /* how many; -1: that was not asked */
	int answers;           /* read so far */
	int verdict;           /* so far; enum commit_result */
	bool unfenced;         /* MULTI was refused: its commands ran, or not, by themselves */
	bool backed;           /* another broker stands by */
	bool held;             /* the lease is still ours, as the last answer says */
};

/* NULL is taken for nothing. */
void commit_free(struct commit *commit);

/* What there is in it to be done: enum commit_part. */
unsigned commit_parts(const struct commit *commit);

/* Events are applied: the records that tell of them become records like the others. */
void commit_join_dependent(struct commit *commit);

/* Appends the commands for what is to be done, and forgets earlier answers. */
void commit_write(
	struct commit *commit, const struct keys *keys, const char *batch, struct buffer *out);

enum commit_result {
	COMMIT_WAITS, /* more answers are to come */
	COMMIT_DONE,  /* everything is in Redis, but for what was refused; then the reason is set */
	COMMIT_AGAIN, /* somebody touched the lease, or it ran out: nothing was applied; look */
	COMMIT_FAILED, /* refused; what is to be sent again is in todo. The connection is spoilt */
};

/*
 * What may be left to be sent of one that was applied, while nobody heard its answers; `queue` is
 * the type that its batch tells. Records are written once more, for that does no harm; events only
 * if they were refused.
 */
unsigned commit_left(const struct commit *commit, const char *queue);

/*
 * Takes the next answer. `why` is to be the same for all that answer one commit_write(). With
 * COMMIT_DONE commit->held tells whether the lease is ours.
 */
enum commit_result commit_read(struct commit *commit, const struct lease *lease,
	const struct redisReply *reply, struct reason *why);

/*
 * The key `httpbroker:NAME:batch`, which every commit sets: `NUMBER TOKEN CLOCK WALL`, and behind
 * it, by a commit that pushes, what the queue was right after that: `list`, if the push was
 * applied; any other type, if it was refused.
 *
 * NUMBER and TOKEN say which commit was the last to be applied, so that one whose answer was
 * lost can be looked up instead of being repeated. CLOCK is the broker clock (see record.h), so
 * that the next broker goes on where this one stopped.
 */

enum {
	BATCH_TOKEN = 16, /* hexadecimal digits */
	BATCH_TEXT = 112, /* bytes that hold any batch */
	BATCH_TYPE = 16,  /* bytes that hold a type's name */
};

#define BATCH_MAX (INT64_MAX / 4000000) /* of its numbers: as nanoseconds they can be added */

struct batch {
	int64_t number;
	char token[BATCH_TOKEN + 1]; /* chosen at random when a broker starts */
	int64_t clock;               /* milliseconds on the broker clock */
	int64_t wall;                /* milliseconds since the epoch */
	char queue[BATCH_TYPE];      /* its type; empty: nothing was pushed */
};

/* Writes into `out` and returns it. */
const char *batch_text(const struct batch *batch, char out[BATCH_TEXT]);

bool batch_read(const char *value, size_t length, struct batch *out, struct reason *why);

#endif
