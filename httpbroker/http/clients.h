/* SPDX-License-Identifier: MIT */
/*
 * The connections of clients: how many there are, what each is doing, and for how long it may.
 * The HTTP library only watches for silence, which a byte now and then breaks; here a request has
 * to be in, and an answer taken, in a fixed time. Whoever overstays is shut down: the library
 * sees the end of the connection and does the rest.
 */
#ifndef HTTPBROKER_HTTP_CLIENTS_H
#define HTTPBROKER_HTTP_CLIENTS_H

#include "common/clocks.h"
#include "httpbroker/http/headers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What a client is doing. In this order, and from the last to the second again. */
enum client_phase {
	CLIENT_ASKS,  /* its request is coming in; for the first one, since it connected */
	CLIENT_WAITS, /* its request is in; this lasts as long as we take */
	CLIENT_READS, /* its answer is going out */
	CLIENT_RESTS, /* it may send another request's first line */
	CLIENT_PHASES,
	CLIENT_CUT = CLIENT_PHASES, /* it was shut down */
};

struct client {
	int fd;
	_Atomic uint64_t mark; /* the phase, and when it began */
	bool checks_host;      /* it came to a socket where Host must be a name of ours */
	struct target target;  /* of the request that is coming in; for its own thread */
	struct client *prev, *next;
};

struct clients_settings {
	unsigned max;               /* connections at a time */
	nsec limits[CLIENT_PHASES]; /* how long each phase may last; NSEC_NEVER: no limit */
};

struct clients;

/* Starts the thread that watches. Exits with a message if it cannot. */
struct clients *clients_start(const struct clients_settings *settings);

/* When no client is left. */
void clients_stop(struct clients *clients);

/* All that follows is for any thread. */

/* Whether there is room for one more, which then is arriving, until client_enter(). */
bool clients_admit(struct clients *clients);

/*
 * A connection has begun; it has ended, and its descriptor will be closed after this. That there
 * is no more room is logged once, and once that it is over.
 */
struct client *client_enter(struct clients *clients, int fd);
void client_leave(struct clients *clients, struct client *client);

/*
 * The client goes on to this phase. A client that asks already goes on asking, since when it
 * began. False if it was shut down: then nobody waits for an answer any more.
 */
bool client_turn(struct client *client, enum client_phase phase);

/*
 * Answers a request that the library cannot, with a status such as "414 URI Too Long", and shuts
 * the client down. For the client's own thread, while its request is coming in.
 */
void client_refuse(struct client *client, const char *status, const char *why);

/* Whether some client is arriving, or has sent what nobody has read yet. */
bool clients_have_unread(struct clients *clients);

#endif
