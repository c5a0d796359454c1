/* SPDX-License-Identifier: MIT */
/*
 * A UNIX socket to listen on: a path that the owner and the group may use (0660), and that shows
 * up with this mode. What a process that is gone has left there is replaced; a socket that
 * somebody listens on is not, nor is anything that is no socket.
 */
#ifndef HTTPBROKER_HTTP_LISTEN_H
#define HTTPBROKER_HTTP_LISTEN_H

#include "common/address.h"

#include <stdbool.h>
#include <sys/types.h>

struct unix_socket {
	char path[108];
	dev_t device; /* which file it is, for the path may be another's by now */
	ino_t inode;
};

/*
 * A listening, non-blocking socket, or -1 with errno: EADDRINUSE if it is in use, EEXIST if there
 * is something else, EINTR if a signal says to stop. Sets the umask of the whole process for a
 * moment.
 */
int unix_socket_open(const char *path, struct unix_socket *out);

/* Removes the path, if it is still the same. */
void unix_socket_remove(const struct unix_socket *socket);

/* The sockets on which the broker listens: TCP ports and UNIX sockets. */

enum { LISTENERS_MAX = 16 }; /* sockets of all addresses */

struct listeners {
	int fds[LISTENERS_MAX];
	int count;
	struct unix_socket paths[LISTENERS_MAX]; /* what has to be removed in the end */
	int path_count;
};

/*
 * Listens on each of `count` addresses, and there on all that the host stands for; an empty host
 * is 127.0.0.1 and ::1 (where there is IPv6). With port 0 one is chosen, the same for all of an
 * address. Logs each. Call it before any thread is started: it sets the umask for a moment. Exits
 * with a message if that cannot be: 75 (taken), 77 (not permitted), 68 (no such host) or 71.
 */
void listeners_open(const struct address *addresses, int count, struct listeners *out);

/* The address of the first, as it would be logged; written into `out`, and returned. */
const char *listeners_first(const struct listeners *listeners, char out[ADDRESS_TEXT]);

/* Whether only this machine reaches the socket, and it is none of UNIX. */
bool listener_is_loopback(int fd);

/* Logs a warning if one of them can be reached from other machines. */
void listeners_warn(const struct listeners *listeners);

/* Removes the paths of UNIX sockets, so that nobody connects any more. The sockets stay open. */
void listeners_remove(const struct listeners *listeners);

#endif
