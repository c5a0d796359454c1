/* SPDX-License-Identifier: MIT */
/*
 * A UNIX socket to listen on: a path that the owner and the group may use (0660), and that shows
 * up with this mode. What a process that is gone has left there is replaced; a socket that
 * somebody listens on is not, nor is anything that is no socket.
 */
#ifndef HTTPBROKER_HTTP_UNIXSOCKET_H
#define HTTPBROKER_HTTP_UNIXSOCKET_H

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

#endif
