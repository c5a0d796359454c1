/* SPDX-License-Identifier: MIT */
/*
 * Waking connections that were suspended. Whoever resumes one wakes the HTTP library's thread,
 * which then looks at all of its connections. A commit answers many at once: so of each thread's
 * only the first is resumed at once, and that thread resumes the others when it is awake.
 */
#ifndef HTTPBROKER_HTTP_WAKING_H
#define HTTPBROKER_HTTP_WAKING_H

#include <microhttpd.h>

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

#endif
