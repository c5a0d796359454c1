/* SPDX-License-Identifier: MIT */
/*
 * The delivery thread: the only writer of the table of checks and the only user of Redis. It
 * applies submissions and what is due, commits both in groups, and ends each submission with
 *
 *   SUBMISSION_COMMITTED  Redis has acknowledged it; with Sentinel: a replica has it as well
 *   SUBMISSION_ACCEPTED   Redis is away (at once), or does not answer (after LIMIT_REDIS_WAIT);
 *                         with Sentinel: it is committed, but no replica has confirmed that
 *   SUBMISSION_DROPPED    the broker stops and Redis did not take it; another broker is active; or
 *                         Redis is away, the lease has run out and another broker stood by (unless
 *                         the submission is async)
 *
 * Without Redis (--server none) every submission ends with SUBMISSION_COMMITTED as soon as it is
 * applied; with an output (output.h) the output is in the place of Redis.
 *
 * The lease decides whether this broker is active (redis/lease.h). When it becomes active it loads
 * the records from Redis (loader.h), while checks that it knows already go on. When it no longer
 * is, it forgets them and hands over what it has accepted (handover.h).
 */
#ifndef HTTPBROKER_DELIVERY_DELIVERY_H
#define HTTPBROKER_DELIVERY_DELIVERY_H

#include "httpbroker/delivery/status.h"
#include "httpbroker/delivery/submissions.h"
#include "httpbroker/redis/connector.h"

struct delivery;

struct delivery_settings {
	bool memory_only;   /* there is no Redis: the settings for it are ignored */
	const char *output; /* without Redis: where events go (output.h); NULL: nowhere */

	struct redis_place redis; /* a server, or sentinels */
	const char *user;         /* an ACL user; NULL: the default one; not owned, as the next */
	const char *password;     /* NULL: none; must outlive the delivery */
	int database;
	nsec interval;       /* between the repeats of a check */
	const char *queue;   /* Flapjack's list in Redis */
	int flapjack;        /* its version, 1 or 2 */
	const char *name;    /* part of our keys in Redis */
	const char *place;   /* this broker to others of that name: `HOST ADDRESS`; copied */
	nsec grace;          /* of an outage, during which no ttl runs out */
	bool persistent;     /* records are written and loaded */
	enum state stale_as; /* the state pushed for a stale check */
	nsec forget_after;   /* a check is stale this long at most; NSEC_NEVER: forever */
	int64_t max_pending; /* events that wait for Redis or the output */
	int64_t max_queue;   /* events in the queue, above which repeats pause */
	size_t max_states;   /* checks that are remembered */
};

/* The table is used, not owned. */
struct delivery *delivery_start(const struct delivery_settings *settings, struct checks *checks);

/* Any thread. The role alone takes no lock. */
struct delivery_status delivery_status(struct delivery *delivery);
enum delivery_role delivery_role(struct delivery *delivery);

/*
 * Any thread: whether this active broker is cut off from Redis and another has probably taken over.
 * Then requests are refused with this text, unless they are async (submissions.h).
 */
bool delivery_outlived(struct delivery *delivery, nsec now);
#define DELIVERY_OUTLIVED "Redis is away, and another broker can take over"

/* Any thread: how long commits took. */
const struct histogram *delivery_commits(const struct delivery *delivery);

/* Any thread. False when the broker is stopping: not submitted, done() is not called. */
bool delivery_submit(struct delivery *delivery, struct submission *submission);

/* Readable when the reader of standard output has gone: the program should stop (EX_TEMPFAIL). */
int delivery_ended_fd(const struct delivery *delivery);

/* Any thread: opens the output's file by its name again. False: there is no output. */
bool delivery_reopen(struct delivery *delivery);

/*
 * Any thread, for a watchdog: whether the delivery thread has done a round since the last call.
 * Each call wakes it for one.
 */
bool delivery_progress(struct delivery *delivery);

/*
 * Takes no more submissions and commits what is there, until `timeout` or a failure of Redis, and
 * logs what was lost. Every submission has ended when it returns.
 */
void delivery_stop(struct delivery *delivery, nsec timeout);

/* After it was stopped, and when nobody can submit any more. */
void delivery_free(struct delivery *delivery);

#endif
