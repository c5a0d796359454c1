/* SPDX-License-Identifier: MIT */
/* What the headers of a request say, before its body comes. */
#ifndef HTTPBROKER_HTTP_HEADERS_H
#define HTTPBROKER_HTTP_HEADERS_H

#include "httpbroker/http/hosts.h"
#include "httpbroker/http/response.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Content-Length; 0 if it says nothing. */
int64_t headers_length(struct MHD_Connection *connection);

/* Whether the client wants to hear of us before it sends the body. */
bool headers_expect(struct MHD_Connection *connection);

/* False, with an answer: the body is compressed. */
bool headers_coding(struct MHD_Connection *connection, struct response *answer);

/* False, with an answer: a web page may have sent it (hosts.h). */
bool headers_site(struct MHD_Connection *connection, const char *method, const struct hosts *hosts,
	bool checks_host, struct response *answer);

/*
 * Where a request begins and ends (RFC 9112). A request that may be read in two ways is not read
 * at all: a proxy before us may have read the other one, and taken what hides in it for a body.
 */

/* The target of a request, as it came; before the library takes it apart. */
struct target {
	const char *bytes; /* where the library has it: to be compared only */
	size_t length;
	bool has_nul;  /* in the path, written as %00 */
	bool too_many; /* parameters: the library has no memory for so many, and no answer */
};

struct target target_look(const char *uri);

/*
 * False, with an answer, if that is not clear: then nothing more can be read on this connection.
 * `version`: as the library hands it out.
 */
bool framing_check(struct MHD_Connection *connection, const struct target *target,
	const char *version, struct response *answer);

/* The Prefer header (RFC 7240), as far as it matters here: `respond-async, wait=5`. */

/* Whether this preference is among those in the header's value; NULL: there is no header. */
bool prefer_has(const char *value, const char *preference);

#endif
