/* SPDX-License-Identifier: MIT */
/*
 * Connecting without waiting for it. Resolving a name can block for as long as a name server is
 * silent, so each attempt has a thread of its own, which tries all addresses of the name.
 */
#ifndef HTTPBROKER_REDIS_CONNECTION_H
#define HTTPBROKER_REDIS_CONNECTION_H

#include "common/address.h"
#include "common/backoff.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>

struct connection;

/*
 * Begins. An empty host is localhost. Each address gets `patience`. When it is over, `wake_fd`
 * (an eventfd, which must outlive the connector) is written to.
 */
struct connection *connection_start(const struct address *to, nsec patience, int wake_fd);

enum connection_result {
	CONNECTION_RUNS,
	CONNECTION_DONE,   /* *fd is a connected, non-blocking socket, now the caller's */
	CONNECTION_FAILED, /* *error is an errno, and the reason says the same in words */
};

enum connection_result connection_look(
	struct connection *connection, int *fd, int *error, struct reason *why);

/* At any time. A thread that is stuck in the resolver is left behind and cleans up after itself. */
void connection_drop(struct connection *connection);

/*
 * A time during which Redis cannot be had: each kind of failure is told once, the end once, and
 * the tries between are further and further apart.
 */

/* From OUTAGE_PART on, each bit is something that is refused while the rest goes on. */
enum outage_kind { OUTAGE_UNREACHABLE = 1, OUTAGE_REFUSED = 2, OUTAGE_PART = 4 };

struct outage {
	const char *server; /* for the log; not owned */
	struct backoff backoff;
	bool away;         /* it lasts */
	unsigned told;     /* kinds, since it began */
	nsec since;        /* when it began */
	unsigned failures; /* ever */
	struct reason why; /* of the last failure */
};

void outage_init(struct outage *outage, const char *server);

/* A failure: logged as an error if it is the first of its kind, or kinds, in this outage. */
void outage_tell(struct outage *outage, unsigned kinds, const char *why, nsec now);

/* The same, and it spoilt the connection; returns when to try again. */
nsec outage_fail(struct outage *outage, enum outage_kind kind, const char *why, nsec now);

/* Redis does as it is told. */
void outage_end(struct outage *outage, nsec now);

#endif
