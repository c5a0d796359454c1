/* SPDX-License-Identifier: MIT */
/*
 * Waking connections that were suspended. Whoever resumes one wakes the HTTP library's thread,
 * which then looks at all of its connections. A commit answers many at once: so of each thread's
 * only the first is resumed at once, and that thread resumes the others when it is awake.
 */
#ifndef HTTPBROKER_HTTP_SUSPEND_H
#define HTTPBROKER_HTTP_SUSPEND_H

#include "common/clocks.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* A suspended connection; part of what its owner keeps of it. */
struct suspended_request {
	struct MHD_Connection *connection;
	struct suspended_request *next; /* the waking's */
};

/* Who waits for one thread of the HTTP library; all zero at first. */
struct queue {
	struct suspended_request *_Atomic suspended;
	char apart[64 - sizeof(void *)]; /* a cache line each, for two threads write to it */
};

enum { RESUME_QUEUE_THREADS = 32 };

/* That of the thread that calls. Should there be more threads, some share one. */
struct queue *resume_queue_mine(struct queue resume_queues[RESUME_QUEUE_THREADS]);

/* Any thread: resumes the connection, now or when its thread goes on. */
void resume_queue_resume(struct queue *queue, struct suspended_request *suspended_request);

/*
 * Resumes who waits for that. To be called by the thread that was woken, whatever has become of
 * the connection that was resumed; by any other only when none is resumed any more.
 */
void resume_queue_run(struct queue *queue);

/* How many requests are under way, so that stopping can wait for them. */

struct in_flight {
	atomic_uint under_way;
	atomic_bool draining;
	pthread_mutex_t lock; /* of those who wait for what follows */
	pthread_cond_t none;  /* while it is draining, under_way has become zero */
};

void in_flight_init(struct in_flight *in_flight);

/* A request has begun; it is over. */
void in_flight_enter(struct in_flight *in_flight);
void in_flight_leave(struct in_flight *in_flight);

/* From now on it is draining: every answer is the last of its connection. */
void in_flight_close(struct in_flight *in_flight);

/* After that: waits until nothing is under way, but no longer than `patience`. */
void in_flight_drain(struct in_flight *in_flight, nsec patience);
bool in_flight_is_draining(struct in_flight *in_flight);

#endif
