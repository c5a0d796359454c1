/* SPDX-License-Identifier: MIT */
/*
 * Protection against web pages: a browser that can reach the broker sends what a page of any site
 * wants. Sec-Fetch-Site (Fetch Metadata) and Origin (RFC 6454) name that site; Host names us: a
 * site whose name resolves to our address (DNS rebinding) is same-origin to the browser, but its
 * name is not ours.
 */
#ifndef HTTPBROKER_HTTP_HOSTS_H
#define HTTPBROKER_HTTP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

struct hosts {
	const char *const *names; /* from the command line, without a port */
	size_t count;
	const char *own; /* the machine's name */
};

/* Whether it is a valid name: 1 to 253 letters, digits, `.`, `-` and `_`, or an `[IPV6]`. */
bool hosts_name_check(const char *name);

/*
 * Whether the value of Host, `name`, `name:port` or `[v6]:port`, is a name of loopback (localhost,
 * *.localhost, ip6-localhost, 127.0.0.0/8, ::1), `httpbroker` (the upstream of a proxy), this
 * machine's or one of the above.
 */
bool hosts_know(const struct hosts *hosts, const char *host);

/*
 * Whether a request comes from no page of another site. Values may be NULL: only browsers send the
 * first two.
 */
bool hosts_trust(
	const struct hosts *hosts, const char *fetch_site, const char *origin, const char *host);

#endif
