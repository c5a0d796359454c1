/* SPDX-License-Identifier: MIT */
/*
 * Protection against web pages: a browser that can reach the broker sends what a page of any site
 * wants. Sec-Fetch-Site (Fetch Metadata) and Origin (RFC 6454) name that site; Host names us: a
 * site whose name resolves to our address (DNS rebinding) is same-origin to the browser, but its
 * name is not ours.
 */
#ifndef HTTPBROKER_HTTP_HEADERS_H
#define HTTPBROKER_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

/* The headers that are looked at; their names in any case. */
#define HEADER_LIST(ROW)                                      \
	ROW(HEADER_HOST, "Host")                              \
	ROW(HEADER_CONTENT_LENGTH, "Content-Length")          \
	ROW(HEADER_CONTENT_TYPE, "Content-Type")              \
	ROW(HEADER_USER_AGENT, "User-Agent")                  \
	ROW(HEADER_ACCEPT, "Accept")                          \
	ROW(HEADER_AUTHORIZATION, "Authorization")            \
	ROW(HEADER_CONTENT_ENCODING, "Content-Encoding")      \
	ROW(HEADER_TRANSFER_ENCODING, "Transfer-Encoding")    \
	ROW(HEADER_EXPECT, "Expect")                          \
	ROW(HEADER_PREFER, "Prefer")                          \
	ROW(HEADER_ORIGIN, "Origin")                          \
	ROW(HEADER_SEC_FETCH_SITE, "Sec-Fetch-Site")          \
	ROW(HEADER_IF_NONE_MATCH, "If-None-Match")            \
	ROW(HEADER_SNS_RAW_DELIVERY, "x-amz-sns-rawdelivery") \
	ROW(HEADER_SNS_MESSAGE_TYPE, "x-amz-sns-message-type")

#define HEADER_ID(id, name) id,
enum header { HEADER_LIST(HEADER_ID) HEADERS };

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
 * Whether a request that changes something comes from no page of another site. Values may be NULL:
 * only browsers send the first two.
 */
bool hosts_trust(
	const struct hosts *hosts, const char *fetch_site, const char *origin, const char *host);

/* The checks of a request's headers, before its body is read. */

struct path;
struct request;

/* The target of a request as it was sent, before libmicrohttpd decodes it. */
struct target {
	const char *bytes; /* where libmicrohttpd has it: to be compared only */
	size_t length;
	bool has_nul;  /* in the path, written as %00 */
	bool too_many; /* parameters: libmicrohttpd has no memory for so many, and no answer */
	struct path
		*path; /* below /state/, /ping/; owned, until a request takes it; NULL: elsewhere */
};

struct target target_look(const char *uri);
void target_clear(struct target *target);

/*
 * Fills the request's headers, and checks where it begins and ends (RFC 9112). A request that can
 * be read in two ways is refused: a proxy may have read it the other way, and forwarded a hidden
 * request as a body. False: a 400 or 501; nothing more can be read on this connection. `version`:
 * as libmicrohttpd hands it out.
 */
bool headers_framing_check(struct request *request, const char *version);

/*
 * What can be refused before the body is read: a web page of another site (403), a path or method
 * without a route (404, 405), a token (401), a coding of the body (415). Sets the request's route
 * and grant. False: there is a response.
 */
bool headers_check(struct request *request);

/* Whether a Prefer header (RFC 7240) has this preference: `respond-async, wait=5`. NULL: no. */
bool prefer_has(const char *value, const char *preference);

#endif
