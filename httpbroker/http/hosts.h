/* SPDX-License-Identifier: MIT */
/*
 * Names of this broker, against web pages: a browser on a machine that reaches the broker sends
 * whatever a page of any site tells it to. It says which site that was (Sec-Fetch-Site, Origin:
 * Fetch Metadata and RFC 6454), and under which name it has reached us (Host): a page of a site
 * whose name was made to resolve to our address is of our own origin to the browser, but has a
 * name that is not ours.
 */
#ifndef HTTPBROKER_HTTP_HOSTS_H
#define HTTPBROKER_HTTP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

struct hosts {
	const char *const *names; /* from the command line, without a port */
	size_t count;
	const char *own; /* what this machine is called */
};

/* Whether it may be a name: 1 to 253 letters, digits, `.`, `-` and `_`, or an `[IPV6]`. */
bool hosts_name_check(const char *name);

/*
 * Whether the value of Host, `name`, `name:port` or `[v6]:port`, is a name of loopback (localhost,
 * *.localhost, ip6-localhost, 127.0.0.0/8, ::1), `httpbroker` (the upstream of a proxy), this
 * machine's or one of the above.
 */
bool hosts_know(const struct hosts *hosts, const char *host);

/*
 * Whether a request that changes something does not come from a page of another site. Any of the
 * headers' values may be NULL: what is no browser sends neither of the first two.
 */
bool hosts_trust(
	const struct hosts *hosts, const char *fetch_site, const char *origin, const char *host);

#endif
