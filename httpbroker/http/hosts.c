/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/hosts.h"

#include "common/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

/*
 * nginx sends the name of its upstream as Host by default, and our example calls it so. A foreign
 * site cannot have a name without a dot.
 */
#define PROXY_UPSTREAM "httpbroker"

enum { NAME_MAX_BYTES = 253 }; /* RFC 1035, 2.3.4, as text */

/* A name in a header's value, without a NUL at its end; length 0: none. */
struct name {
	const char *text;
	size_t length;
};

static bool name_is(struct name name, const char *text)
{
	return name.length == strlen(text) && strncasecmp(name.text, text, name.length) == 0;
}

static bool is_port(const char *text)
{
	return text[0] == '\0' ||
	       (text[0] == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

/* The name of `name[:port]`, without a final dot. */
static struct name name_of(const char *host)
{
	const char *close = host[0] == '[' ? strchr(host, ']') : NULL;
	size_t length = close != NULL ? (size_t)(close + 1 - host) : strcspn(host, ":");

	if (!is_port(host + length))
		return (struct name){host, 0};
	if (length > 1 && host[length - 1] == '.')
		length--;
	return (struct name){host, length};
}

static bool is_listed(const struct hosts *hosts, struct name name)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (name_is(name, hosts->names[i]))
			return true;
	return false;
}

bool hosts_name_check(const char *name)
{
	size_t length = strlen(name);
	struct in6_addr ignored;
	char text[INET6_ADDRSTRLEN];

	if (length > 2 && name[0] == '[' && name[length - 1] == ']' && length - 2 < sizeof text) {
		memcpy(text, name + 1, length - 2);
		text[length - 2] = '\0';
		return inet_pton(AF_INET6, text, &ignored) == 1;
	}
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && strchr(".-_", name[i]) == NULL)
			return false;
	return length > 0 && length <= NAME_MAX_BYTES && name[length - 1] != '.';
}

bool hosts_know(const struct hosts *hosts, const char *host)
{
	struct name name = name_of(host);
	const struct name first = {hosts->own, strcspn(hosts->own, ".")};

	if (name.length == 0)
		return false;
	return host_is_loopback(name.text, name.length) || name_is(name, PROXY_UPSTREAM) ||
	       name_is(name, hosts->own) ||
	       (name.length == first.length &&
		       strncasecmp(name.text, first.text, name.length) == 0) ||
	       is_listed(hosts, name);
}

/* An origin is `scheme://name[:port]`, or `null`. */
static bool origin_is_ours(const struct hosts *hosts, const char *origin, const char *host)
{
	const char *mark = strstr(origin, "://");

	if (mark == NULL)
		return false;
	return (host != NULL && strcasecmp(mark + 3, host) == 0) ||
	       is_listed(hosts, name_of(mark + 3));
}

/* `none`: the user's own action, such as typing the address. */
bool hosts_trust(
	const struct hosts *hosts, const char *fetch_site, const char *origin, const char *host)
{
	if (fetch_site != NULL)
		return strcasecmp(fetch_site, "same-origin") == 0 ||
		       strcasecmp(fetch_site, "none") == 0;
	return origin == NULL || origin_is_ours(hosts, origin, host);
}
