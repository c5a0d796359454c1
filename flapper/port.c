/* SPDX-License-Identifier: MIT */
#include "flapper/port.h"

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

struct port {
	union endpoint endpoint;
	socklen_t length;        /* of what is used of the endpoint */
	int holder;              /* bound, never listening */
	int listener;            /* -1: closed */
	char text[ADDRESS_TEXT]; /* the endpoint's */
};

/* IPv6 with an interface behind `%`, which a link-local address needs. */
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
	/* it is one address on each interface, and bind(2) wants to know of which */
	return out->sin6_scope_id != 0 || !IN6_IS_ADDR_LINKLOCAL(&out->sin6_addr);
}

/* Fills the endpoint, with port 0; returns the length of its address, or 0 if it is none. */
static socklen_t host_read(const char *host, union endpoint *out)
{
	memset(out, 0, sizeof *out);
	if (host_read_v6(host, &out->v6))
		return sizeof out->v6;
	memset(out, 0, sizeof *out);
	out->v4.sin_family = AF_INET;
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? sizeof out->v4 : 0;
}

bool port_host_valid(const char *host)
{
	union endpoint ignored;

	return host_read(host, &ignored) != 0;
}

/* A socket bound to the endpoint, side by side with others that do not listen; -1 with errno. */
static int socket_bound(const struct port *port)
{
	int family = port->endpoint.any.sa_family, on = 1, off = 0;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		(family != AF_INET6 ||
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
		bind(fd, &port->endpoint.any, port->length) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool cannot(const struct port *port, const char *what, struct reason *why)
{
	return reason_set(why, "cannot %s %s: %s", what, port->text, strerror(errno));
}

static struct port *port_hold_at(const char *host, uint16_t number, struct reason *why)
{
	struct port *port = memory_zeroed(1, sizeof *port);

	port->holder = port->listener = -1;
	port->length = host_read(host, &port->endpoint);
	if (port->endpoint.any.sa_family == AF_INET6)
		port->endpoint.v6.sin6_port = htons(number);
	else
		port->endpoint.v4.sin_port = htons(number);
	address_of_socket(&port->endpoint.any, port->text);
	port->holder = socket_bound(port);
	if (port->holder < 0) {
		int error = errno;
		cannot(port, "bind to", why);
		port_release(port);
		errno = error;
		return NULL;
	}
	/* port 0 has become a real one */
	socklen_t size = sizeof port->endpoint;
	getsockname(port->holder, &port->endpoint.any, &size);
	address_of_socket(&port->endpoint.any, port->text);
	return port;
}

struct port *port_hold(const char *host, uint16_t number, struct reason *why)
{
	if (host != NULL)
		return port_hold_at(host, number, why);
	struct port *port = port_hold_at("::", number, why);
	if (port == NULL && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		port = port_hold_at("0.0.0.0", number, why);
	return port;
}

void port_release(struct port *port)
{
	if (port == NULL)
		return;
	port_close(port);
	if (port->holder >= 0)
		close(port->holder);
	free(port);
}

const char *port_text(const struct port *port)
{
	return port->text;
}

bool port_open(struct port *port, struct reason *why)
{
	port->listener = socket_bound(port);
	if (port->listener >= 0 && listen(port->listener, BACKLOG) == 0)
		return true;
	int error = errno;
	cannot(port, "listen on", why);
	port_close(port);
	errno = error;
	return false;
}

void port_close(struct port *port)
{
	if (port->listener >= 0)
		close(port->listener);
	port->listener = -1;
}

int port_listener(const struct port *port)
{
	return port->listener;
}
