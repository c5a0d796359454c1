/* SPDX-License-Identifier: MIT */
/* An HTTP response, as the routes fill it, and its way to libmicrohttpd. */
#ifndef HTTPBROKER_HTTP_RESPONSE_H
#define HTTPBROKER_HTTP_RESPONSE_H

#include "common/buffer.h"

#include <microhttpd.h>
#include <stdbool.h>

/* A body that is made in pieces while it is sent. */
struct stream {
	/* Appends the next piece; false: it was the last. Called by any one thread at a time. */
	bool (*more)(struct stream *stream, struct buffer *out);
	void (*free)(struct stream *stream);
};

struct response {
	unsigned status;
	const char *type;      /* Content-Type */
	struct buffer body;    /* owned until it is sent */
	struct stream *stream; /* instead of a body; owned; NULL: none */
	bool challenge;        /* with 401: WWW-Authenticate */
	const char *allow;     /* with 405: Allow; NULL: no such header */
	unsigned retry_after;  /* seconds; 0: no such header */
	unsigned body_limit;   /* of a ping: Ping-Body-Limit, in bytes; 0: no such header */
	bool page;             /* for a browser: Content-Security-Policy and the like */
	bool no_store;         /* Cache-Control: no-store */
	char etag[24];         /* ETag, with its quotes; empty: no such header */
	char *why;             /* the reason of a refusal, for the log; owned; NULL: none */
};

#define CONTENT_TEXT "text/plain; charset=utf-8"
#define CONTENT_JSON "application/json"

/* Appends a text as a JSON string; bytes that are not UTF-8 become `?`. */
void response_string(struct buffer *out, const char *text);

/* `{"error": "…"}` and a newline; valid JSON whatever the text holds. */
void response_error(struct response *response, unsigned status, const char *format, ...)
	__attribute__((cold, format(printf, 3, 4)));

/* Sets `why` where the body has the reason already. */
void response_reason(struct response *response, const char *why);

/* response_error() with 503 and Retry-After. */
void response_busy(struct response *response, const char *why) __attribute__((cold));

void response_free(struct response *response);

/* Hands the body or stream to libmicrohttpd. `last`: the connection is closed after it. */
enum MHD_Result response_send(
	struct MHD_Connection *connection, struct response *response, bool last);

#endif
