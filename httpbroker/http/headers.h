/* SPDX-License-Identifier: MIT */
/* The checks of a request's headers, before its body is read. */
#ifndef HTTPBROKER_HTTP_HEADERS_H
#define HTTPBROKER_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

struct request;

/* The target of a request as it was sent, before libmicrohttpd decodes it. */
struct target {
	const char *bytes; /* where libmicrohttpd has it: to be compared only */
	size_t length;
	bool has_nul;  /* in the path, written as %00 */
	bool too_many; /* parameters: libmicrohttpd has no memory for so many, and no answer */
};

struct target target_look(const char *uri);

/*
 * Where a request begins and ends (RFC 9112). A request that can be read in two ways is refused: a
 * proxy may have read it the other way, and forwarded a hidden request as a body. False: a 400 or
 * 501; nothing more can be read on this connection. `version`: as libmicrohttpd hands it out.
 */
bool headers_framing_check(struct request *request, const char *version);

/* False: a 403; a web page of another site may have sent it (hosts.h). */
bool headers_origin_check(struct request *request);

/* False: a 415; the body is compressed. */
bool headers_coding_check(struct request *request);

/* Whether a Prefer header (RFC 7240) has this preference: `respond-async, wait=5`. NULL: no. */
bool prefer_has(const char *value, const char *preference);

#endif
