/* SPDX-License-Identifier: MIT */
/*
 * Getting the lease. First a look, which also reads what is known of the last commits:
 *
 *     SET httpbroker:NAME:standby OURS PX 6000   where this broker stands by: once a second
 *     WATCH httpbroker:NAME:lease
 *     GET httpbroker:NAME:lease
 *     GET httpbroker:NAME:batch
 *     GET httpbroker:NAME:batch:OUR-TOKEN   our last one, if somebody took over from us
 *
 * then, unless it is another's, taking it. That fails if anybody touched the lease since the
 * look, as each commit does: so what the look has read is final. And it makes a commit fail that
 * is still under way on another connection, ours or not.
 *
 *     MULTI
 *     SET httpbroker:NAME:lease OURS PX 5000
 *     SET httpbroker:NAME:batch:OTHER-TOKEN … PX 86400000   its owner may come back and ask
 *     SET httpbroker:NAME:batch …                           that the next ones are ours
 *     EXEC
 *     WATCH httpbroker:NAME:lease
 *     GET httpbroker:NAME:lease
 */
#ifndef HTTPBROKER_REDIS_CLAIM_H
#define HTTPBROKER_REDIS_CLAIM_H

#include "httpbroker/redis/commit.h"
#include "httpbroker/redis/lease.h"

/* What a look has found. */
struct seen {
	enum lease_holder holder;
	char place[LEASE_PLACE]; /* of the holder, if it is another: for the log */
	bool found;              /* there was a last batch */
	struct batch last;
	bool left; /* there was one of ours that somebody left */
	struct batch ours;
};

/* What is written when the lease is taken. */
struct lease_write {
	bool leave; /* another's last batch */
	struct batch theirs;
	bool begin; /* a batch of our own */
	struct batch ours;
};

/* One look, or one try to take it. */
struct acquire {
	const struct keys *keys;   /* not owned */
	const struct lease *lease; /* ours; not owned */
	struct seen seen;          /* by the look */
	struct lease_write write;  /* of the try */
	int before;                /* answers of the look that come before those to it */
	int answers;               /* read so far, of either */
	bool failed;               /* and the reason set */
	bool taken;
};

enum acquire_verdict {
	ACQUIRE_WAITS, /* more answers are to come */
	ACQUIRE_DONE,  /* the look is complete; the lease is ours and watched */
	ACQUIRE_LOST,  /* somebody was there before: look again */
	ACQUIRE_REFUSED,
};

/* `stands_by`: this broker does, and says so. */
void look_write(struct acquire *acquire, bool stands_by, struct buffer *out);
enum acquire_verdict look_judge(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

void take_write(struct acquire *acquire, const struct lease_write *write, struct buffer *out);
enum acquire_verdict take_judge(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

/* Gives the lease up, with this last batch: so many answers come. */
enum { RELEASE_ANSWERS = 4 };
void release_write(const struct acquire *acquire, const struct batch *last, struct buffer *out);

#endif
