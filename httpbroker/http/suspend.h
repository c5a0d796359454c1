/* SPDX-License-Identifier: MIT */
/*
 * Resuming suspended connections. Each MHD_resume_connection() wakes a thread of libmicrohttpd,
 * which then looks at all of its connections. A commit answers many submissions at once: so only
 * the first connection of each thread is resumed at once, and that thread resumes the others.
 */
#ifndef HTTPBROKER_HTTP_SUSPEND_H
#define HTTPBROKER_HTTP_SUSPEND_H

#include <microhttpd.h>

/* A suspended connection; a member of its owner. */
struct suspended_request {
	struct MHD_Connection *connection;
	struct suspended_request *next; /* the queue's */
};

/* The connections that one thread has to resume; all zero at first. */
struct resume_queue {
	struct suspended_request *_Atomic suspended;
	char padding[64 - sizeof(void *)]; /* a cache line each: two threads write to it */
};

enum { RESUME_QUEUE_THREADS = 32 };

/* The calling thread's. If there are more threads, some share one. */
struct resume_queue *resume_queue_mine(struct resume_queue queues[RESUME_QUEUE_THREADS]);

/* Any thread: resumes the connection, now or in the queue's thread. */
void resume_queue_resume(struct resume_queue *queue, struct suspended_request *suspended);

/*
 * Resumes the others. The queue's thread calls it whenever a connection was resumed, even if that
 * is closed; another thread may call it only when nothing is resumed any more.
 */
void resume_queue_run(struct resume_queue *queue);

#endif
