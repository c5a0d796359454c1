/* SPDX-License-Identifier: MIT */
/* The sockets on which the broker listens: TCP ports and UNIX sockets. */
#ifndef HTTPBROKER_HTTP_LISTEN_H
#define HTTPBROKER_HTTP_LISTEN_H

#include "common/address.h"

#include <stdbool.h>
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
 * sets the umask for a moment. Exits with a message on failure: 75 (in use), 77 (not permitted), 73
 * (the path cannot be created), 68 (no such host) or 71.
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

#endif
