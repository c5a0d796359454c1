/* SPDX-License-Identifier: MIT */
/*
 * One commit: everything that is written to Redis at once, in one transaction and one round trip.
 *
 *     MULTI
 *     PEXPIRE httpbroker:NAME:lease …  renews the lease
 *     HDEL httpbroker:NAME:states …    records of checks that were forgotten
 *     HSET httpbroker:NAME:states …    records of checks that have changed
 *     LPUSH QUEUE …                    events for Flapjack, the oldest first
 *     LPUSH QUEUE_actions +            wakes Flapjack 2
 *     LTRIM httpbroker:NAME:handover … events handed over that are now applied
 *     SET httpbroker:NAME:batch …      identifies this commit; with events an EVAL that adds the
 *                                      queue's type and, if that is a list, writes the records that
 *                                      say that these events were pushed
 *     HLEN httpbroker:NAME:states      counts the records
 *     EXEC
 *     WATCH httpbroker:NAME:lease      for the next commit
 *     GET httpbroker:NAME:standby      whether another broker could take over (keys.h)
 *     GET httpbroker:NAME:lease
 *     WAIT 1 …                         with Sentinel only: until a replica has all of it, and
 *     ROLE                             whether this Redis still is the master
 *
 * It is applied only if the lease was neither touched since it was watched nor ran out: it never
 * overwrites what another broker has accepted. (Renewing it within the transaction keeps the
 * watch.)
 *
 * Redis has no rollback: a command on a key of the wrong type is refused and the others are
 * applied. Those parts are `refused`, and only they are sent again.
 */
#ifndef HTTPBROKER_REDIS_COMMIT_H
#define HTTPBROKER_REDIS_COMMIT_H

#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/redis/confirm.h"
#include "httpbroker/redis/keys.h"
#include "httpbroker/redis/resp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redisReply;

/* Pushes and records up to a point in time; they never decrease. */
struct watermarks {
	uint64_t pushes;
	uint64_t records;
};

bool watermarks_reached(const struct watermarks *done, const struct watermarks *wanted);

/* HDEL comes first: a check that is forgotten and posted again in one commit has its record. */
enum commit_part {
	COMMIT_LEASE = 1, /* always part of it */
	COMMIT_FORGETS = 2,
	COMMIT_RECORDS = 4,
	COMMIT_PUSHES = 8,
	COMMIT_WAKE = 16,
	COMMIT_TRIM = 32,
	COMMIT_BATCH = 64,  /* this or COMMIT_PROOF is always part of it */
	COMMIT_PROOF = 128, /* in place of COMMIT_BATCH, where there are pushes or a script */
	COMMIT_COUNT = 256, /* of the records */
};

/* What the replies say. */
enum commit_result {
	COMMIT_WAITS,  /* more replies are to come */
	COMMIT_DONE,   /* applied, except what was refused; then the reason is set */
	COMMIT_AGAIN,  /* the lease was touched or ran out: nothing was applied; read the lease */
	COMMIT_FAILED, /* refused; todo is what to send again. The connection is unusable */
};

struct commit {
	struct commit *prev, *next; /* the outbox's */
	struct resp_list pushes;    /* events */
	struct resp_list records;   /* fields and values */
	struct resp_list dependent; /* the same, written only if the pushes are applied */
	struct resp_list forgets;   /* fields */
	const char *script;         /* NULL: none; see below */
	struct resp_list arguments; /* the script's */
	size_t trim;                /* events handed over to trim, with COMMIT_TRIM */
	const struct keys *keys;    /* set by commit_write() */
	struct watermarks reaches;  /* reached when it is applied */
	uint32_t sequence;          /* its number in the outbox */
	unsigned todo;              /* parts that are not applied yet */
	unsigned sent;              /* parts that were sent this time */
	unsigned refused;           /* parts that were refused while the others were applied */
	int64_t queue_length;       /* by the reply; -1: unknown */
	int64_t records_there;      /* their number; -1: unknown */
	int64_t script_result;      /* -1: unknown */
	nsec confirm_within; /* set before commit_write(): WAIT's limit; 0: neither it nor ROLE */
	bool confirmed;      /* a replica has it, too */
	struct role role;    /* after that */
	int replies;         /* read so far */
	enum commit_result result; /* so far */
	bool unfenced;             /* MULTI was refused: each command ran, or not, by itself */
	bool has_standby;          /* another broker stands by */
	bool held;                 /* the lease is still ours, by the last reply */
};

/*
 * A commit of httpbroker-notify is one script, an EVAL in place of SET. Its keys are batch, queue,
 * actions and checks, its arguments the batch, then commit->arguments. It writes the batch, and
 * returns a number, or an error if it has done nothing.
 */

/* NULL is allowed. */
void commit_free(struct commit *commit);

/* The parts it has: enum commit_part. */
unsigned commit_parts(const struct commit *commit);

/* The events are applied: the dependent records become records like the others. */
void commit_join_dependent(struct commit *commit);

/* Appends the commands for the parts to do, and forgets earlier replies. */
void commit_write(
	struct commit *commit, const struct keys *keys, const char *batch, struct buffer *out);

/*
 * What to send again of a commit that was applied, but whose replies were lost; `queue` is the type
 * in its batch. Records are written once more, which does no harm; events only if refused.
 */
unsigned commit_left(const struct commit *commit, const char *queue);

/*
 * Reads the next reply. `why` is the same for all replies to one commit_write(). With COMMIT_DONE,
 * commit->held says whether the lease is ours; with confirm_within only then todo changes.
 */
enum commit_result commit_read(struct commit *commit, const struct lease *lease,
	const struct redisReply *reply, struct reason *why);

#endif
