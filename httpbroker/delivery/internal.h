/* SPDX-License-Identifier: MIT */
/*
 * The delivery thread's data, for its files: delivery.c (the loop), exchange.c (Redis),
 * memory_only.c (the loop without Redis).
 */
#ifndef HTTPBROKER_DELIVERY_INTERNAL_H
#define HTTPBROKER_DELIVERY_INTERNAL_H

#include "common/log.h"
#include "httpbroker/delivery/accepted.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/delivery/handover.h"
#include "httpbroker/delivery/output.h"
#include "httpbroker/delivery/pending.h"
#include "httpbroker/redis/client.h"

#include <pthread.h>
#include <stdatomic.h>

/* The query whose reply is awaited. */
enum redis_query {
	QUERY_NONE,
	QUERY_CHECKS,
	QUERY_HANDOVER,
	QUERY_LENGTH,
	QUERY_HANDOVER_SEND,
	QUERY_POLICY,
};

struct delivery {
	struct submissions *submissions;
	pthread_t thread;
	_Atomic nsec stop_at;     /* when to give up; NSEC_NEVER: not stopping */
	atomic_bool reopen;       /* the output, by its name */
	atomic_bool rounds;       /* one was done since the last delivery_progress() */
	int ended_fd;             /* an eventfd */
	struct histogram commits; /* how long they took */

	/* published by the thread */
	pthread_mutex_t status_lock;
	struct delivery_status published;
	atomic_int role;          /* the same as in it, for every request */
	_Atomic nsec outlived_at; /* likewise */

	/* the thread's own */
	struct keys keys;
	struct redis *redis; /* NULL: memory-only mode */
	struct replication replication;
	bool sentinel;          /* commits are to be confirmed by a replica */
	struct output *output;  /* NULL: none */
	struct commit *writing; /* what it writes; the outbox's; NULL: nothing */
	struct core core;
	struct loader *loader;
	struct accepted *accepted;
	struct pending *pending;
	struct handover handover;
	struct handover_sender handover_sender;
	struct backpressure backpressure;
	struct eviction eviction;
	enum redis_query query;
	nsec commit_at;          /* when the last commit was sent */
	bool commit_next;        /* a query was sent just now */
	uint64_t unreadable;     /* events handed over */
	nsec retry_at;           /* of what Redis has refused in commits */
	unsigned rewrite;        /* the next shard whose records are written again */
	uint64_t rewritten;      /* the watermark of the records of those before it */
	struct log_limit losses; /* of records: for the log */
	nsec count_at;           /* when to log the number of checks */
	unsigned last_failures;  /* of the connection, when stopping began */
	bool stopping, releasing;
	bool outlived; /* and that was logged */
	struct delivery_status status;
};

static inline struct session *session_of(const struct delivery *delivery)
{
	return redis_session(delivery->redis);
}

static inline bool is_active(const struct delivery *delivery)
{
	return session_role(session_of(delivery)) == SESSION_ACTIVE;
}

/* Makes delivery->status what delivery_status() returns. */
static inline void delivery_status_publish(struct delivery *delivery)
{
	pthread_mutex_lock(&delivery->status_lock);
	delivery->published = delivery->status;
	atomic_store(&delivery->role, (int)delivery->status.role);
	atomic_store(&delivery->outlived_at, delivery->status.outlived_at);
	pthread_mutex_unlock(&delivery->status_lock);
}

/* Reads what Redis has sent: what was committed, replies to queries, a change of role. */
void delivery_receive(struct delivery *delivery, struct moment now);

/* Answers what is committed; forgets what is confirmed. */
void delivery_committed(struct delivery *delivery);

/* Sends the next commit or query, if no reply is awaited. */
void delivery_send(struct delivery *delivery, struct moment now);

/* When the next query is due. */
nsec delivery_query_at(const struct delivery *delivery);

/* Tries again what Redis has refused in commits. */
void delivery_retry(struct delivery *delivery);

/* Writes all records again, if Redis has lost some: as far as that is possible now. */
void delivery_rewrite(struct delivery *delivery);

/* The threads' function in memory-only mode. Its argument is the delivery. */
void *delivery_memory_only(void *argument);

#endif
