/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/listen.h"

#include "common/clocks.h"
#include "common/log.h"
#include "common/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

/* -1, with errno as it was. */
static int fail_close(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path, strnlen(path, sizeof address.sun_path - 1));
	return address;
}

/* Any user who may read the directory can hold the lock: so the wait is short. */
#define LOCK_TIMEOUT (2 * NSEC_PER_SEC)
#define LOCK_PAUSE (20 * NSEC_PER_MSEC)

static int socket_directory_open(const char *path)
{
	char copy[sizeof((struct unix_socket *)NULL)->path];

	snprintf(copy, sizeof copy, "%s", path);
	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/*
 * Brokers that start at the same time must not mistake each other's new socket for a stale one: a
 * lock on the directory (-1: it cannot be opened) serialises them. A broker that does not get it
 * continues without. False: a signal says to stop.
 */
static bool socket_directory_lock(int fd, const char *path)
{
	const struct timespec pause = {0, LOCK_PAUSE};
	nsec end = clock_monotonic() + LOCK_TIMEOUT;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		if (clock_monotonic() >= end) {
			log_warning("%s: another process holds a lock on the directory; "
				    "going on without it",
				path);
			return true;
		}
		signals_poll(NULL, 0, &pause);
		if (signals_say_stop())
			return false;
	}
	return true;
}

/* Never more than mode 0660, from the beginning. */
static int bind_private(int fd, const char *path)
{
	const struct sockaddr_un address = address_of(path);
	mode_t before = umask(0117);
	int result = bind(fd, (const struct sockaddr *)&address, sizeof address);
	int error = errno;

	umask(before);
	errno = error;
	return result;
}

/* A listener whose backlog is full answers EAGAIN. */
static bool is_stale(const char *path)
{
	const struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	bool refused = connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
		       errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static bool stale_remove(const char *path)
{
	struct stat status;

	if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return false;
	}
	if (!is_stale(path)) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(path) == 0;
}

static bool path_bind(int fd, const char *path)
{
	if (bind_private(fd, path) == 0)
		return true;
	return errno == EADDRINUSE && stale_remove(path) && bind_private(fd, path) == 0;
}

static bool path_listen(int fd, const char *path, struct unix_socket *out)
{
	struct stat status;

	if (!path_bind(fd, path) || listen(fd, SOMAXCONN) != 0 || lstat(path, &status) != 0)
		return false;
	memcpy(out->path, path, strnlen(path, sizeof out->path - 1));
	out->device = status.st_dev;
	out->inode = status.st_ino;
	return true;
}

static int socket_open(const char *path, struct unix_socket *out)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 || path_listen(fd, path, out) ? fd : fail_close(fd);
}

/* A listening socket, or -1 with errno: EADDRINUSE, EEXIST (no socket), EINTR (stop). */
static int unix_socket_open(const char *path, struct unix_socket *out)
{
	int lock = socket_directory_open(path), fd = -1, error = EINTR;

	if (socket_directory_lock(lock, path)) {
		fd = socket_open(path, out);
		error = errno;
	}
	if (lock >= 0)
		close(lock);
	errno = error;
	return fd;
}

static void unix_socket_remove(const struct unix_socket *socket)
{
	int lock = socket_directory_open(socket->path);
	struct stat status;

	if (lock >= 0)
		flock(lock, LOCK_EX | LOCK_NB); /* do not wait while stopping */
	if (lstat(socket->path, &status) == 0 && status.st_dev == socket->device &&
		status.st_ino == socket->inode)
		unlink(socket->path);
	if (lock >= 0)
		close(lock);
}

enum { PORT_TRIES = 20 }; /* to find a port that is free on all addresses */

struct endpoint {
	struct sockaddr_storage address;
	socklen_t length;
};

struct endpoints {
	struct endpoint list[LISTENERS_MAX];
	int count;
};

static void endpoints_add(struct endpoints *endpoints, const char *host)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found;

	int failure = getaddrinfo(host, "0", &hints, &found);
	if (failure != 0)
		die(EX_NOHOST, "--port: '%s': %s", host, gai_strerror(failure));
	for (const struct addrinfo *i = found; i != NULL; i = i->ai_next) {
		if (endpoints->count == LISTENERS_MAX)
			die(EX_USAGE, "--port: more than %d sockets to listen on", LISTENERS_MAX);
		struct endpoint *endpoint = &endpoints->list[endpoints->count++];
		memcpy(&endpoint->address, i->ai_addr, i->ai_addrlen);
		endpoint->length = i->ai_addrlen;
	}
	freeaddrinfo(found);
}

static void endpoints_find(const struct address *address, struct endpoints *out)
{
	out->count = 0;
	if (address->host[0] != '\0') {
		endpoints_add(out, address->host);
		return;
	}
	/* not `localhost`: the resolver may say something else */
	endpoints_add(out, "127.0.0.1");
	endpoints_add(out, "::1");
}

/* In network order. */
static in_port_t *port_of(struct endpoint *endpoint)
{
	if (endpoint->address.ss_family == AF_INET6)
		return &((struct sockaddr_in6 *)&endpoint->address)->sin6_port;
	return &((struct sockaddr_in *)&endpoint->address)->sin_port;
}

static bool socket_listen(int fd, struct endpoint *endpoint)
{
	struct sockaddr *address = (struct sockaddr *)&endpoint->address;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (address->sa_family == AF_INET6) /* `::` serves both families */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
	return bind(fd, address, endpoint->length) == 0 && listen(fd, SOMAXCONN) == 0 &&
	       getsockname(fd, address, &endpoint->length) == 0;
}

/* A listening socket, and its port in the endpoint; -1 with errno. */
static int endpoint_open(struct endpoint *endpoint)
{
	int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 || socket_listen(fd, endpoint) ? fd : fail_close(fd);
}

/* A machine may be without IPv6; one socket at least is needed. */
static bool is_optional(const struct endpoints *endpoints, int opened, int i)
{
	bool missing = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL;

	return missing && (opened > 0 || i + 1 < endpoints->count);
}

/* On each endpoint, with one port for all. NULL, or the one that failed, with errno. */
static struct endpoint *endpoints_listen(
	struct endpoints *endpoints, in_port_t port, int fds[LISTENERS_MAX], int *count)
{
	*count = 0;
	for (int i = 0; i < endpoints->count; i++) {
		struct endpoint *endpoint = &endpoints->list[i];

		*port_of(endpoint) = port;
		int fd = endpoint_open(endpoint);
		if (fd < 0 && is_optional(endpoints, *count, i))
			continue;
		if (fd < 0)
			return endpoint;
		fds[(*count)++] = fd;
		port = *port_of(endpoint);
	}
	return NULL;
}

static int exit_code(int error)
{
	switch (error) {
	case EADDRINUSE:
	case EADDRNOTAVAIL:
		return EX_TEMPFAIL;
	case EACCES:
		return EX_NOPERM;
	case EEXIST: /* these only where it is a path */
	case ENOENT:
	case ENOTDIR:
	case EROFS:
		return EX_CANTCREAT;
	default:
		return EX_OSERR;
	}
}

_Noreturn static void listen_die(const char *where, const char *hint)
{
	if (errno == EINTR) /* a signal says to stop */
		exit(0);

	die(exit_code(errno), "cannot listen on %s: %s%s", where,
		errno == EEXIST ? "the file is no socket: remove it, or choose another path"
				: strerror(errno),
		hint);
}

_Noreturn static void endpoint_die(const struct endpoint *endpoint)
{
	const char *hint = errno == EADDRINUSE ? " ('ss -ltnp' shows by whom)"
			   : errno == EACCES
				   ? " (a port below 1024 needs root or CAP_NET_BIND_SERVICE)"
				   : "";
	char text[ADDRESS_TEXT];

	listen_die(address_of_socket((const struct sockaddr *)&endpoint->address, text), hint);
}

static void room_need(const struct listeners *listeners, int more)
{
	if (listeners->count + more > LISTENERS_MAX)
		die(EX_USAGE, "--port: more than %d sockets to listen on", LISTENERS_MAX);
}

static void tcp_open(const struct address *address, struct listeners *out)
{
	int fds[LISTENERS_MAX], count, tries = 0;
	const struct endpoint *failed;
	struct endpoints endpoints;

	endpoints_find(address, &endpoints);
	while ((failed = endpoints_listen(&endpoints, htons(address->port), fds, &count)) != NULL) {
		if (address->port != 0 || errno != EADDRINUSE || ++tries == PORT_TRIES)
			endpoint_die(failed);
		for (int i = 0; i < count; i++)
			close(fds[i]);
	}
	room_need(out, count);
	for (int i = 0; i < count; i++)
		out->fds[out->count++] = fds[i];
}

static void path_open(const struct address *address, struct listeners *out)
{
	char text[ADDRESS_TEXT];
	struct unix_socket *socket = &out->paths[out->path_count];

	room_need(out, 1);
	int fd = unix_socket_open(address->path, socket);
	if (fd < 0) {
		int error = errno;

		listeners_remove(out);
		errno = error;
		listen_die(address_text(address, text), "");
	}
	out->fds[out->count++] = fd;
	out->path_count++;
}

static bool socket_address(int fd, struct sockaddr_storage *out)
{
	socklen_t length = sizeof *out;

	memset(out, 0, sizeof *out); /* a path may lack its NUL */
	return getsockname(fd, (struct sockaddr *)out, &length) == 0;
}

static void listeners_log(const struct listeners *listeners)
{
	for (int i = 0; i < listeners->count; i++) {
		struct sockaddr_storage address;
		char text[ADDRESS_TEXT];

		if (socket_address(listeners->fds[i], &address))
			log_info("listening on %s",
				address_of_socket((struct sockaddr *)&address, text));
	}
}

/* UNIX sockets last: if an address fails, no path is left behind. */
void listeners_open(const struct address *addresses, int count, struct listeners *out)
{
	*out = (struct listeners){.count = 0};
	for (int i = 0; i < count; i++)
		if (addresses[i].path[0] == '\0')
			tcp_open(&addresses[i], out);
	for (int i = 0; i < count; i++)
		if (addresses[i].path[0] != '\0')
			path_open(&addresses[i], out);
	listeners_log(out);
}

static bool is_of_this_machine(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;

	if (address->ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return address->ss_family != AF_INET6 || IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

bool listener_is_loopback(int fd)
{
	struct sockaddr_storage address;

	return socket_address(fd, &address) && address.ss_family != AF_UNIX &&
	       is_of_this_machine(&address);
}

void listeners_warn(const struct listeners *listeners)
{
	for (int i = 0; i < listeners->count; i++) {
		struct sockaddr_storage address;

		if (!socket_address(listeners->fds[i], &address) || is_of_this_machine(&address))
			continue;
		log_warning("any host that reaches this machine may post events of any check: "
			    "there is no --token-file");
		return;
	}
}

void listeners_remove(const struct listeners *listeners)
{
	for (int i = 0; i < listeners->path_count; i++)
		unix_socket_remove(&listeners->paths[i]);
}

const char *listeners_first(const struct listeners *listeners, char out[ADDRESS_TEXT])
{
	struct sockaddr_storage address;

	out[0] = '\0';
	if (socket_address(listeners->fds[0], &address))
		address_of_socket((struct sockaddr *)&address, out);
	return out;
}
