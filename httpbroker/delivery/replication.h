/* SPDX-License-Identifier: MIT */
/*
 * With Sentinel: how long events are kept in memory that are in Redis. Pure.
 *
 * Events that no replica has are kept until one has them. Of several replicas that one need not be
 * the next master: while a failover goes on, another is master already, and the former one with the
 * replica that is left confirms what is lost soon. So where there were two replicas or more, what
 * is confirmed is kept as well until all of them have it, or for REPLICATION_KEPT.
 */
#ifndef HTTPBROKER_DELIVERY_REPLICATION_H
#define HTTPBROKER_DELIVERY_REPLICATION_H

#include "common/clocks.h"
#include "httpbroker/redis/commit.h"

#define REPLICATION_KEPT (180 * NSEC_PER_SEC) /* Sentinel's default failover-timeout */

struct replication {
	size_t known;              /* replicas: the most, lately */
	nsec fewer_since;          /* there are less than that; 0: no */
	bool marked;               /* the rest is set */
	int64_t mark;              /* a replica at this offset has what the mark reaches */
	struct watermarks reaches; /* done at the mark */
	nsec marked_at;
	struct watermarks settled; /* nothing up to here is kept */
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
