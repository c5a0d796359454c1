/* SPDX-License-Identifier: MIT */
/*
 * What the delivery thread has, for the files that are that thread, and no others: delivery.c
 * (whose it is), round.c (its work and its sleep), hear.c (what Redis says to it), say.c (what it
 * says to Redis), ending.c.
 */
#ifndef HTTPBROKER_DELIVERY_INTERNAL_H
#define HTTPBROKER_DELIVERY_INTERNAL_H

#include "common/log.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/delivery/eviction.h"
#include "httpbroker/delivery/handoff.h"
#include "httpbroker/delivery/pending.h"
#include "httpbroker/delivery/status.h"
#include "httpbroker/redis/client.h"

#include <pthread.h>
#include <stdatomic.h>

/* What was asked of Redis last. */
enum asked {
	QUERY_NONE,
	QUERY_CHECKS,
	QUERY_HANDOFF,
	QUERY_LENGTH,
	QUERY_HANDOFF_SEND,
	QUERY_POLICY,
};

struct delivery {
	struct submissions *submissions;
	pthread_t thread;
	_Atomic nsec stop_at; /* when to give up; NSEC_NEVER: not stopping */
	struct status_board board;
	struct histogram commits; /* how long they took */

	/* the thread's own */
	struct keys keys;
	struct redis *redis; /* NULL: there is no Redis, and all the link would do is not done */
	struct core core;
	struct loader *loader;
	struct accepted *accepted;
	struct pending *pending;
	struct handoff handoff;
	struct handoff_sender handoff_sender;
	struct backpressure backpressure;
	enum asked asked;
	nsec commit_at;          /* when the last commit was begun */
	bool commit_next;        /* a question was asked just now */
	uint64_t unreadable;     /* events that others have handed over */
	nsec retry_at;           /* for what Redis has refused of commits */
	unsigned rewrite;        /* the next shard whose records are written again */
	uint64_t rewritten;      /* the mark of the records of those before it */
	struct log_limit losses; /* of records: for the log */
	struct eviction eviction;
	nsec count_at;          /* when to log the number of states */
	unsigned last_failures; /* of the link, when stopping began */
	bool stopping, releasing;
	bool outlived;                 /* and that was logged */
	struct delivery_status status; /* as it is published */
};

static inline struct session *session_of(const struct delivery *delivery)
{
	return redis_session(delivery->redis);
}

static inline bool is_active(const struct delivery *delivery)
{
	return session_role(session_of(delivery)) == SESSION_ACTIVE;
}

/* Goes on with the link, and takes what has come: what was applied, answered, become of us. */
void delivery_receive(struct delivery *delivery, struct moment now);

/* Says what is next, if nothing is under way: a commit or a question. */
void delivery_send(struct delivery *delivery, struct moment now);

/* Whether all records are being written again. */
bool delivery_rewrites(const struct delivery *delivery);

/* When there will be a question, if nothing happens before. */
nsec delivery_query_at(const struct delivery *delivery);

/* What Redis has refused of commits is tried again. */
void delivery_retry(struct delivery *delivery);

/* One round of the thread: all that can be done without waiting. */
void delivery_work(struct delivery *delivery, struct moment now);

/* And then it waits until there is something to do again. */
void delivery_sleep(struct delivery *delivery);

/* Once it is to stop: whether all is where it belongs and the lease is given up, or it is too late.
 */
bool delivery_is_over(struct delivery *delivery, nsec now);

/* Says what could not be brought there, and refuses whoever waits. */
void delivery_finish(struct delivery *delivery);

#endif
