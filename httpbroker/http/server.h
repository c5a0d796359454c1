/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: libmicrohttpd's threads on one side, the routes and the delivery on the other.
 * A connection whose submission waits is suspended, and costs no thread.
 */
#ifndef HTTPBROKER_HTTP_SERVER_H
#define HTTPBROKER_HTTP_SERVER_H

#include "common/clocks.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/hosts.h"
#include "httpbroker/http/listen.h"
#include "httpbroker/http/routes.h"

struct server;

struct server_settings {
	size_t max_body;          /* bytes of a request's body */
	unsigned max_connections; /* at a time, of all listeners together */
	nsec idle_timeout;        /* without a byte either way */
	nsec request_timeout;     /* for a whole request to come in */
	struct auth *auth;        /* NULL: nobody needs a token; not owned */
	struct hosts hosts;       /* what it points to must outlive the server */
};

/* Takes over the sockets. Exits with a message if the threads cannot be started. */
struct server *server_start(const struct server_settings *settings,
	const struct listeners *listeners, const struct broker *broker, struct delivery *delivery);

/*
 * Accepts no more connections, but for those that wait to be; from now on every answer is the last
 * of its connection. To be called once.
 */
void server_close(struct server *server);

/* Waits for requests that are under way, until `patience` ends. */
void server_drain(struct server *server, nsec patience);

/* Closes what is still open. No submission may be unanswered: stop the delivery before. */
void server_stop(struct server *server);

#endif
