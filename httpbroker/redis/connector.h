/* SPDX-License-Identifier: MIT */
/*
 * Connecting without waiting for it. Resolving a name can block for as long as a name server is
 * silent, so each attempt has a thread of its own, which tries all addresses of the name.
 */
#ifndef HTTPBROKER_REDIS_CONNECTOR_H
#define HTTPBROKER_REDIS_CONNECTOR_H

#include "common/address.h"
#include "common/clocks.h"

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

#endif
