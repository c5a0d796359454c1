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
struct sleeper {
	struct MHD_Connection *connection;
	struct sleeper *next; /* the waking's */
};

/* Who waits for one thread of the HTTP library; all zero at first. */
struct waking {
	struct sleeper *_Atomic sleepers;
	char apart[64 - sizeof(void *)]; /* a cache line each, for two threads write to it */
};

enum { WAKING_THREADS = 32 };

/* That of the thread that calls. Should there be more threads, some share one. */
struct waking *waking_mine(struct waking wakings[WAKING_THREADS]);

/* Any thread: resumes the connection, now or when its thread goes on. */
void waking_resume(struct waking *waking, struct sleeper *sleeper);

/*
 * Resumes who waits for that. To be called by the thread that was woken, whatever has become of
 * the connection that was resumed; by any other only when none is resumed any more.
 */
void waking_go_on(struct waking *waking);

#endif
