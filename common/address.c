/* SPDX-License-Identifier: MIT */
#include "common/address.h"

#include "common/number.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

static bool host_copy(const char *host, size_t length, struct address *out, struct reason *why)
{
	if (length == 0)
		return reason_set(why, "the host before the port is missing");
	if (length >= sizeof out->host)
		return reason_set(why, "the host is longer than %zu bytes", sizeof out->host - 1);
	memcpy(out->host, host, length);
	return true;
}

static bool port_parse(const char *text, struct address *out, struct reason *why)
{
	int64_t port;

	if (!number_parse(text, 0, UINT16_MAX, &port, why))
		return reason_prefix(why, "port");
	out->port = (uint16_t)port;
	return true;
}

static bool path_parse(const char *path, struct address *out, struct reason *why)
{
	if (path[0] != '/')
		return reason_set(why, "the path after 'unix:' must begin with '/'");
	if (strlen(path) >= sizeof out->path)
		return reason_set(why, "the path is longer than %zu bytes", sizeof out->path - 1);
	memcpy(out->path, path, strlen(path));
	return true;
}

static bool bracketed_parse(const char *text, struct address *out, struct reason *why)
{
	const char *end = strchr(text, ']');
	struct in6_addr ignored;

	if (end == NULL || end[1] != ':')
		return reason_set(why, "'%s' is not [IPV6]:port", text);
	if (!host_copy(text + 1, (size_t)(end - text - 1), out, why))
		return false;
	if (inet_pton(AF_INET6, out->host, &ignored) != 1)
		return reason_set(why, "'%s' is not an IPv6 address", out->host);
	return port_parse(end + 2, out, why);
}

bool address_parse(const char *text, struct address *out, struct reason *why)
{
	const char *colon = strrchr(text, ':');

	memset(out, 0, sizeof *out);
	if (strncmp(text, "unix:", 5) == 0)
		return path_parse(text + 5, out, why);
	if (text[0] == '[')
		return bracketed_parse(text, out, why);
	if (colon == NULL && strspn(text, "-0123456789") == 0)
		return reason_set(why,
			"'%s' is not port, host:port, [v6]:port or unix:/path: a host needs its "
			"port behind it, %s:PORT",
			text, text);
	if (colon == NULL)
		return port_parse(text, out, why);
	if (strchr(text, ':') != colon)
		return reason_set(why, "'%s': an IPv6 address goes in brackets: [::1]:port", text);
	return host_copy(text, (size_t)(colon - text), out, why) && port_parse(colon + 1, out, why);
}

const char *address_text(const struct address *address, char out[ADDRESS_TEXT])
{
	const char *host = address->host;

	if (address->path[0] != '\0')
		snprintf(out, ADDRESS_TEXT, "unix:%s", address->path);
	else if (host[0] == '\0')
		snprintf(out, ADDRESS_TEXT, "%u", address->port);
	else
		snprintf(out, ADDRESS_TEXT, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
			address->port);
	return out;
}

const char *address_of_socket(const struct sockaddr *address, char out[ADDRESS_TEXT])
{
	struct address text = {{0}, 0, {0}};

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;
		inet_ntop(AF_INET, &in->sin_addr, text.host, sizeof text.host);
		text.port = ntohs(in->sin_port);
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;
		inet_ntop(AF_INET6, &in6->sin6_addr, text.host, sizeof text.host);
		text.port = ntohs(in6->sin6_port);
	} else if (address->sa_family == AF_UNIX) {
		const struct sockaddr_un *un = (const void *)address;
		snprintf(text.path, sizeof text.path, "%s", un->sun_path);
	}
	return address_text(&text, out);
}

static bool is_loopback_name(const char *host, size_t length)
{
	static const char *const names[] = {"localhost", "ip6-localhost", "ip6-loopback"};
	static const char below[] = ".localhost";
	size_t end = sizeof below - 1;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (length == strlen(names[i]) && strncasecmp(host, names[i], length) == 0)
			return true;
	return length > end && strncasecmp(host + length - end, below, end) == 0;
}

bool host_is_loopback(const char *host, size_t length)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr in;
	struct in6_addr in6;

	if (is_loopback_name(host, length))
		return true;
	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	if (length >= sizeof text)
		return false;
	memcpy(text, host, length);
	text[length] = '\0';
	if (inet_pton(AF_INET, text, &in) == 1)
		return ntohl(in.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, text, &in6) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&in6) ||
	       (IN6_IS_ADDR_V4MAPPED(&in6) && in6.s6_addr[12] == IN_LOOPBACKNET);
}
