/* SPDX-License-Identifier: MIT */
#include "flapper/listener.h"

#include "common/address.h"
#include "common/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that may wait to be accepted, if net.core.somaxconn permits so many. */
enum { BACKLOG = 1024 };

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct listener {
	union endpoint endpoint;
	socklen_t length;        /* of what is used of the endpoint */
	int holder;              /* bound, never listens */
	int socket;              /* listening; -1: closed */
	char text[ADDRESS_TEXT]; /* the endpoint's */
};

/* An IPv6 address; `%` and an interface behind it are required for a link-local one. */
static bool host_read_v6(const char *host, struct sockaddr_in6 *out)
{
	const char *percent = strchr(host, '%');
	size_t length = percent != NULL ? (size_t)(percent - host) : strlen(host);
	char digits[INET6_ADDRSTRLEN];

	if (length >= sizeof digits)
		return false;
	memcpy(digits, host, length);
	digits[length] = '\0';
	if (percent != NULL && (out->sin6_scope_id = if_nametoindex(percent + 1)) == 0)
		return false;
	out->sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, digits, &out->sin6_addr) != 1)
		return false;
	/* bind(2) needs the interface: each has such an address */
	return out->sin6_scope_id != 0 || !IN6_IS_ADDR_LINKLOCAL(&out->sin6_addr);
}

/* Fills the endpoint, with port 0. Returns the length of its address; 0: it is not valid. */
static socklen_t host_read(const char *host, union endpoint *out)
{
	memset(out, 0, sizeof *out);
	if (host_read_v6(host, &out->v6))
		return sizeof out->v6;
	memset(out, 0, sizeof *out);
	out->v4.sin_family = AF_INET;
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? sizeof out->v4 : 0;
}

bool listener_host_valid(const char *host)
{
	union endpoint ignored;

	return host_read(host, &ignored) != 0;
}

/* A socket bound to the endpoint, beside others that do not listen; -1 with errno. */
static int socket_bound(const struct listener *listener)
{
	int family = listener->endpoint.any.sa_family, on = 1, off = 0;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		(family != AF_INET6 ||
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
		bind(fd, &listener->endpoint.any, listener->length) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool cannot(const struct listener *listener, const char *what, struct reason *why)
{
	return reason_set(why, "cannot %s %s: %s", what, listener->text, strerror(errno));
}

static struct listener *listener_hold_at(const char *host, uint16_t number, struct reason *why)
{
	struct listener *listener = memory_zeroed(1, sizeof *listener);

	listener->holder = listener->socket = -1;
	listener->length = host_read(host, &listener->endpoint);
	if (listener->endpoint.any.sa_family == AF_INET6)
		listener->endpoint.v6.sin6_port = htons(number);
	else
		listener->endpoint.v4.sin_port = htons(number);
	address_of_socket(&listener->endpoint.any, listener->text);
	listener->holder = socket_bound(listener);
	if (listener->holder < 0) {
		int error = errno;
		cannot(listener, "bind to", why);
		listener_release(listener);
		errno = error;
		return NULL;
	}
	/* port 0 has become an actual number */
	socklen_t size = sizeof listener->endpoint;
	getsockname(listener->holder, &listener->endpoint.any, &size);
	address_of_socket(&listener->endpoint.any, listener->text);
	return listener;
}

struct listener *listener_hold(const char *host, uint16_t number, struct reason *why)
{
	if (host != NULL)
		return listener_hold_at(host, number, why);
	struct listener *listener = listener_hold_at("::", number, why);
	if (listener == NULL && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		listener = listener_hold_at("0.0.0.0", number, why);
	return listener;
}

void listener_release(struct listener *listener)
{
	if (listener == NULL)
		return;
	listener_close(listener);
	if (listener->holder >= 0)
		close(listener->holder);
	free(listener);
}

const char *listener_text(const struct listener *listener)
{
	return listener->text;
}

bool listener_open(struct listener *listener, struct reason *why)
{
	listener->socket = socket_bound(listener);
	if (listener->socket >= 0 && listen(listener->socket, BACKLOG) == 0)
		return true;
	int error = errno;
	cannot(listener, "listen on", why);
	listener_close(listener);
	errno = error;
	return false;
}

void listener_close(struct listener *listener)
{
	if (listener->socket >= 0)
		close(listener->socket);
	listener->socket = -1;
}

int listener_socket(const struct listener *listener)
{
	return listener->socket;
}
