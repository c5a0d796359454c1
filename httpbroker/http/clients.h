/* SPDX-License-Identifier: MIT */
/*
 * The clients' connections: their number, the phase of each, and its timeout. libmicrohttpd's own
 * timeout is for silence, which a byte now and then avoids; here a request must arrive, and a
 * response be read, within a fixed time. After that the socket is shut down, and libmicrohttpd
 * closes the connection.
 */
#ifndef HTTPBROKER_HTTP_CLIENTS_H
#define HTTPBROKER_HTTP_CLIENTS_H

#include "common/clocks.h"
#include "httpbroker/http/target.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Phases of a connection, in this order; the first follows the last. */
enum client_phase {
	CLIENT_ASKS,  /* it sends a request; the first time, since it connected */
	CLIENT_WAITS, /* for the response; this takes as long as the broker needs */
	CLIENT_READS, /* the response */
	CLIENT_RESTS, /* it is idle between requests */
	CLIENT_PHASES,
	CLIENT_CUT = CLIENT_PHASES, /* shut down */
};

struct client {
	int fd;
	_Atomic uint64_t mark; /* the phase, and when it began */
	bool checks_host;      /* Host must be one of our names */
	struct target target;  /* of the current request; its own thread's */
	struct client *prev, *next;
};

struct clients_settings {
	unsigned max;               /* connections at a time */
	nsec limits[CLIENT_PHASES]; /* timeout of each phase; NSEC_NEVER: none */
};

struct clients;

/* Starts the thread that enforces the timeouts. Exits with a message if it cannot. */
struct clients *clients_start(const struct clients_settings *settings);

/* When no client is left. */
void clients_stop(struct clients *clients);

/* The rest is for any thread. */

/* Whether one more connection is allowed; it then counts as arriving until client_enter(). */
bool clients_admit(struct clients *clients);

/*
 * A connection was opened; it ends, and its descriptor is closed after this. Reaching the maximum
 * is logged once, and once when it is over. client_leave() frees the client, but not what its
 * target owns (target_clear()).
 */
struct client *client_enter(struct clients *clients, int fd);
void client_leave(struct clients *clients, struct client *client);

/* Enters a phase; CLIENT_ASKS keeps the time of its beginning. False: it was shut down. */
bool client_phase_enter(struct client *client, enum client_phase phase);

/*
 * Answers a request that libmicrohttpd cannot, with a status such as "414 URI Too Long", and shuts
 * the client down. For the client's own thread, in CLIENT_ASKS.
 */
void client_refuse(struct client *client, const char *status, const char *why);

/* Whether a client is arriving, or has sent something that is not read yet. */
bool clients_have_unread(struct clients *clients);

/*
 * Resuming suspended connections. Each MHD_resume_connection() wakes a thread of libmicrohttpd,
 * which then looks at all of its connections. A commit answers many submissions at once: so only
 * the first connection of each thread is resumed at once, and that thread resumes the others.
 */

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
