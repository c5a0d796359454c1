/* SPDX-License-Identifier: MIT */
/* The HTTP server: libmicrohttpd's threads, one daemon for each listening socket. */
#ifndef HTTPBROKER_HTTP_SERVER_H
#define HTTPBROKER_HTTP_SERVER_H

#include "common/clocks.h"
#include "httpbroker/http/listen.h"
#include "httpbroker/http/request.h"

struct server;

struct server_settings {
	size_t max_body;          /* bytes of a request's body */
	unsigned max_connections; /* at a time, over all listeners */
	nsec idle_timeout;        /* without a byte in either direction */
	nsec request_timeout;     /* until a request is complete */
	struct auth *auth;        /* NULL: no token is needed; not owned */
	struct hosts hosts;       /* what it points to must outlive the server */
};

/* Takes over the sockets. Exits with a message if a thread cannot be started. */
struct server *server_start(const struct server_settings *settings,
	const struct listeners *listeners, const struct broker *broker);

/*
 * Accepts the connections that wait already, then no more; every response is the last of its
 * connection. Call it once.
 */
void server_close(struct server *server);

/* Waits for the requests in flight, at most so long. */
void server_drain(struct server *server, nsec timeout);

/* Closes all connections. Stop the delivery first: it answers every submission. */
void server_stop(struct server *server);

#endif
