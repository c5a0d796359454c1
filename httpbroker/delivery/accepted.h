/* SPDX-License-Identifier: MIT */
/*
 * Events that were answered 202, in order, until they are in Redis, whatever this broker's role
 * becomes meanwhile. Each is either applied (the engine has it, and it gets to Redis through the
 * outbox), or not yet, because it is not known what Redis has of its check. The applied ones are
 * the older ones.
 *
 * An event with the same state as the one before of its check replaces it: memory grows with the
 * changes and the checks, not with repeated states. That a check is to be forgotten is kept
 * likewise. Pure.
 */
#ifndef HTTPBROKER_DELIVERY_ACCEPTED_H
#define HTTPBROKER_DELIVERY_ACCEPTED_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/redis/commit.h"

struct accepted;

/* Appends an event as an entry has it: as decode_event() reads it (record.h). */
void encode_stored(struct buffer *out, const struct prepared *prepared);

struct entry {
	struct entry *prev, *next;
	char *json; /* as decode_event() reads it; owned */
	size_t length;
	bool applied;
	bool again; /* it was applied before Redis lost it, and is to be applied again */
	/* the rest is private */
	struct watermarks watermarks;
	struct watermarks first;   /* of the first event of this state */
	struct entry_check *check; /* NULL: nothing may replace it */
	enum state state;
	bool forgotten, start;
	uint32_t run_id;
	struct instant time;
};

/* At most `max` that are not applied. `key` makes its hash unpredictable. */
struct accepted *accepted_new(size_t max, const struct siphash_key *key);
void accepted_free(struct accepted *accepted);

/* False if it is full. */
bool accepted_put(struct accepted *accepted, const struct prepared *prepared);

/* One that the engine has applied, and that is in Redis at these watermarks. Never full. */
void accepted_put_applied(struct accepted *accepted, const struct prepared *prepared,
	const struct watermarks *watermarks);

/* Drops those that are in Redis. */
void accepted_committed(struct accepted *accepted, const struct watermarks *done);

/* All are to be applied again, to an empty engine. */
void accepted_reopen(struct accepted *accepted);

/* Those that Redis had, by these watermarks, are to be applied again to the same engine. */
void accepted_repeat(struct accepted *accepted, const struct watermarks *done);

/* The first that is not applied, or NULL. Now it is, and in Redis at these watermarks. */
struct entry *accepted_next(const struct accepted *accepted);
void accepted_mark_applied(struct accepted *accepted, const struct watermarks *watermarks);

/* The first of all; go on with ->next. Drops the first `count`. */
struct entry *accepted_first(const struct accepted *accepted);
void accepted_drop(struct accepted *accepted, size_t count);

/* Nothing replaces the first `count` any more. */
void accepted_freeze(struct accepted *accepted, size_t count);

/* Whether there are `max` and `more` of them, or LIMIT_PENDING_BYTES. */
bool accepted_is_full(const struct accepted *accepted, size_t more);

/* How many there are; how many are not applied; how many checks those change. */
size_t accepted_count(const struct accepted *accepted);
size_t accepted_unapplied(const struct accepted *accepted);
size_t accepted_unapplied_checks(const struct accepted *accepted);

/*
 * With Sentinel: how long accepted events are kept that are in Redis.
 *
 * Events that no replica has are kept until one has them. Of several replicas that one need not be
 * the next master: while a failover goes on, another is master already, and the former one with the
 * replica that is left confirms what is lost soon. So where there were two replicas or more, what
 * is confirmed is kept as well until all of them have it, or for REPLICATION_KEPT.
 */

#define REPLICATION_KEPT (180 * NSEC_PER_SEC) /* Sentinel's default failover-timeout */

struct replication {
	size_t known;              /* replicas: the most, lately */
	nsec fewer_since;          /* there are less than that; 0: no */
	bool marked;               /* the rest is set */
	int64_t mark;              /* a replica at this offset has what the mark reaches */
	struct watermarks reaches; /* done at the mark */
	nsec marked_at;
	struct watermarks kept_from; /* events up to here are dropped, later ones kept */
};

/* After a confirmed commit: what the master has said, and what was done then. */
void replication_update(struct replication *replication, const struct role *role,
	const struct watermarks *done, nsec now);

/* There is a new connection, perhaps to another master: its offsets are others. */
void replication_unmark(struct replication *replication);

/* The watermarks begin anew. */
void replication_reset(struct replication *replication);

/* Whether events that are confirmed are kept as well. */
bool replication_keeps(const struct replication *replication);

#endif
