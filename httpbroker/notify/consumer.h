/* SPDX-License-Identifier: MIT */
/*
 * Events from a list in Redis. One of those that share a name is active (redis/session.h): it loads
 * the problems and the lists of the outputs, then repeats
 *
 *     up to 1000 events of the queue    judge them, the oldest first
 *     one commit (redis/commit.h)       what has changed; the events leave the queue
 *
 * The commit is one script: RPUSH to the list of each output, LREM of what was delivered, HSET and
 * HDEL of the problems, and LTRIM of the queue if its end is still what was judged. So an
 * event is in the queue, or judged and what it caused is in the lists. An empty queue is waited for
 * by BLMOVE of its last element to the place where it is. Each second the list of one output is
 * counted: it may have been deleted, and is written again.
 *
 *     httpbroker-notify:NAME:states         the problems (problems.h)
 *     httpbroker-notify:NAME:output:OUTPUT  what waits for an output (queue.h)
 *     httpbroker-notify:NAME:lease, standby, batch   redis/keys.h
 */
#ifndef HTTPBROKER_NOTIFY_CONSUMER_H
#define HTTPBROKER_NOTIFY_CONSUMER_H

#include "common/clocks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct consumer;
struct notify;
struct pollfd;

/* The outputs are all added to notify. */
struct consumer *consumer_new(struct notify *notify, nsec now);
void consumer_free(struct consumer *consumer); /* NULL is allowed */

/* Receives, and judges events. */
void consumer_receive(struct consumer *consumer, struct moment now);

/*
 * Then, when outputs and timers have worked: commits what has changed, else asks for events. If the
 * program stops no more are taken, and the lease is given up once no notification is under way.
 */
void consumer_send(struct consumer *consumer, bool under_way, struct moment now);
bool consumer_released(const struct consumer *consumer);

/*
 * Whether it is active and all is loaded: only then may outputs and timers work. Not either when
 * the lease has expired without an answer of Redis, and a stand-by has probably taken it.
 */
bool consumer_runs(const struct consumer *consumer, nsec now);

/* Writes CONSUMER_FDS; returns that. */
enum { CONSUMER_FDS = 2 };
size_t consumer_poll(const struct consumer *consumer, struct pollfd *fds);
nsec consumer_deadline(const struct consumer *consumer);

/* Events in the queue at the last commit; -1: unknown. */
int64_t consumer_queue_length(const struct consumer *consumer);

/* `starting`, `active`, `standing by`, `Redis is away`. */
const char *consumer_role(const struct consumer *consumer);

#endif
