/* SPDX-License-Identifier: MIT */
/* What the headers of a request say, before its body comes. */
#ifndef HTTPBROKER_HTTP_HEADERS_H
#define HTTPBROKER_HTTP_HEADERS_H

#include "httpbroker/http/answer.h"
#include "httpbroker/http/hosts.h"

#include <microhttpd.h>
#include <stdbool.h>
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

#endif
