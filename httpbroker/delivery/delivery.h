/* SPDX-License-Identifier: MIT */
/*
 * The delivery thread: the one writer of the states and the one user of Redis. It takes what was
 * submitted and what is due, commits it in groups, and wakes those who wait:
 *
 *   SUBMISSION_COMMITTED  as soon as Redis has acknowledged it
 *   SUBMISSION_ACCEPTED       at once while Redis is away; after LIMIT_REDIS_WAIT if it just hangs
 *   SUBMISSION_DROPPED    when the broker stops and Redis did not take it; when another broker
 *                         of the same name is the active one; when Redis is away, the lease has run
 *                         out and another broker stood by (unless the submission is async)
 *
 * Whether this broker is active is for the lease to say (redis/lease.h). When it becomes that,
 * it reads the states back from Redis (loader.h), and meanwhile goes on with the checks that it
 * knows. When it no longer is, it forgets them, and hands over what it has answered
 * SUBMISSION_ACCEPTED (handoff.h).
 */
#ifndef HTTPBROKER_DELIVERY_DELIVERY_H
#define HTTPBROKER_DELIVERY_DELIVERY_H

#include "common/address.h"
#include "httpbroker/delivery/histogram.h"
#include "httpbroker/delivery/status.h"
#include "httpbroker/delivery/submissions.h"

struct delivery;

struct delivery_settings {
	bool memory_only; /* there is no Redis (memory_only.h): what is of Redis does not matter */

	struct address server; /* Redis */
	const char *password;  /* its; NULL: none; not owned, must outlive the delivery */
	int database;
	nsec interval;       /* between the repeats of a check */
	const char *queue;   /* Flapjack's list in Redis */
	int flapjack;        /* its version, 1 or 2 */
	const char *name;    /* part of our keys in Redis */
	const char *place;   /* who we are to other brokers of that name: `HOST ADDRESS`; copied */
	nsec grace;          /* of an outage, during which no time to live runs out */
	bool persistent;     /* states are written to Redis, and read back */
	enum state stale_as; /* what a stale check is told as */
	nsec forget_after;   /* for so long a check is stale at most; NSEC_NEVER: for ever */
	int64_t max_pending; /* events that wait for Redis */
	int64_t max_queue;   /* events in the queue, above which repeats pause */
	size_t max_states;   /* checks that are remembered */
};

/* The states are used, not owned. */
struct delivery *delivery_start(const struct delivery_settings *settings, struct checks *checks);

/* Any thread: how things stand; the role alone costs next to nothing. */
struct delivery_status delivery_status(struct delivery *delivery);
enum delivery_role delivery_role(struct delivery *delivery);

/*
 * Any thread: whether this active broker is cut off from Redis, and another one has probably taken
 * over. Then requests are refused, with these words, unless they are async (submissions.h).
 */
bool delivery_outlived(struct delivery *delivery, nsec now);
#define DELIVERY_OUTLIVED "Redis is away, and another broker can take over"

/* Any thread: how long commits took. */
const struct histogram *delivery_commits(const struct delivery *delivery);

/* Any thread. False when the broker is stopping: then it was not submitted, done() not called. */
bool delivery_submit(struct delivery *delivery, struct submission *submission);

/*
 * Takes in nothing more, commits what is there, but gives up after `patience`, or when Redis
 * cannot be had, and says how much was lost. Every submission has been answered when it returns;
 * what is submitted later is not taken.
 */
void delivery_stop(struct delivery *delivery, nsec patience);

/* After it was stopped, and when nobody can submit any more. */
void delivery_free(struct delivery *delivery);

#endif
