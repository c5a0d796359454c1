/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection to HOST:PORT that never blocks: a name is resolved by a thread of its own, and a
 * resolver that hangs holds up nothing else. A name's addresses are kept, and resolved again each
 * minute.
 */
#ifndef OOBETET_PROBE_DIAL_H
#define OOBETET_PROBE_DIAL_H

#include "common/address.h"
#include "common/clocks.h"

#include <poll.h>
#include <stdbool.h>

#define DIAL_WHY 160 /* bytes of a reason */

enum dial_state {
	DIAL_WAITS,     /* call dial_step() again */
	DIAL_CONNECTED, /* dial->fd is connected */
	DIAL_REFUSED,   /* every address has refused it */
	DIAL_FAILED,    /* see dial->why: nothing is known of the peer */
};

struct lookup;

struct dial {
	struct address address;
	int fd;             /* -1: none; non-blocking */
	bool local;         /* failed: this machine has no way to the network */
	char why[DIAL_WHY]; /* failed: why */
	/* the rest is private */
	struct lookup *lookup; /* runs in a thread, which frees it if it is abandoned; or NULL */
	struct addrinfo *resolved; /* owned */
	nsec resolved_at;
	const struct addrinfo *next; /* of resolved, to be tried */
	int refused, unreachable, tried;
};

/* `address` has a host and a port. Not connected yet. */
void dial_init(struct dial *dial, const struct address *address);
void dial_free(struct dial *dial);

/* Begins; the last attempt is given up. */
void dial_start(struct dial *dial, nsec now);

enum dial_state dial_step(struct dial *dial);

/* What to poll for before dial_step(). */
struct pollfd dial_poll(const struct dial *dial);

/* Closes the connection; `reset`: without leaving a socket in TIME_WAIT. */
void dial_close(struct dial *dial, bool reset);

/* The attempt took too long. */
void dial_expire(struct dial *dial);

#endif
