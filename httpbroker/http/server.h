/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: the sockets on which the broker listens (TCP ports and UNIX sockets, listen.c),
 * and libmicrohttpd's threads, one daemon for each socket (server.c).
 */
#ifndef HTTPBROKER_HTTP_SERVER_H
#define HTTPBROKER_HTTP_SERVER_H

#include "common/address.h"
#include "common/clocks.h"
#include "httpbroker/http/request.h"

#include <sys/types.h>

enum { LISTENERS_MAX = 16 }; /* sockets of all addresses */

/* A UNIX socket to be removed at the end, if the path still names the same file. */
struct unix_socket {
	char path[108];
	dev_t device;
	ino_t inode;
};

struct listeners {
	int fds[LISTENERS_MAX];
	int count;
	struct unix_socket paths[LISTENERS_MAX];
	int path_count;
};

/*
 * Listens on each of `count` addresses, and there on everything that the host resolves to; an empty
 * host is 127.0.0.1 and ::1 (where there is IPv6). With port 0 one is chosen, the same for all of
 * an address. A UNIX socket gets mode 0660; the socket of a dead process is replaced, one that is
 * in use, or a file that is no socket, is not. Logs each. Call it before any thread is started: it
 * sets the umask for a moment. Exits with a message on failure: 75 (in use), 77 (not permitted), 68
 * (no such host) or 71.
 */
void listeners_open(const struct address *addresses, int count, struct listeners *out);

/* The address of the first, as it is logged; written into `out`, and returned. */
const char *listeners_first(const struct listeners *listeners, char out[ADDRESS_TEXT]);

/* Whether it is a TCP socket that only this machine reaches. */
bool listener_is_loopback(int fd);

/* Logs a warning if other machines reach one of them. */
void listeners_warn(const struct listeners *listeners);

/* Removes the paths of UNIX sockets: no client connects any more. The sockets stay open. */
void listeners_remove(const struct listeners *listeners);

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
