/* SPDX-License-Identifier: MIT */
/* An HTTP answer, as the routes make it. They know nothing of the HTTP library. */
#ifndef HTTPBROKER_HTTP_RESPONSE_H
#define HTTPBROKER_HTTP_RESPONSE_H

#include "common/buffer.h"

#include <microhttpd.h>
#include <stdbool.h>

/* A body that is made while it is sent, in pieces: never all in memory. */
struct stream {
	/* Appends the next piece; false after the last one. May be called by any one thread. */
	bool (*more)(struct stream *stream, struct buffer *out);
	void (*free)(struct stream *stream);
};

struct response {
	unsigned status;
	const char *type;      /* Content-Type */
	struct buffer body;    /* owned until it is sent */
	struct stream *stream; /* instead of a body; owned; NULL: none */
	bool challenge;        /* with 401: how a token can be sent */
	const char *allow;     /* the methods there are, with 405; NULL: no such header */
	unsigned retry_after;  /* seconds; 0: no such header */
	char *why;             /* something was refused: for the log; owned; NULL: nothing was */
};

#define ANSWER_TEXT "text/plain; charset=utf-8"
#define ANSWER_JSON "application/json"

/* Appends a text as a JSON string. Whatever the text holds, the JSON is sound. */
void response_string(struct buffer *out, const char *text);

/* `{"error": "…"}` and a newline. Whatever the text holds, the JSON is sound. */
void response_error(struct response *answer, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Something was refused, which the answer says by itself. */
void answer_refuses(struct response *answer, const char *why);

/* The same as response_error() with 503: come back in a few seconds. */
void response_busy(struct response *answer, const char *why);

void response_free(struct response *answer);

/* An answer on its way: from struct response to libmicrohttpd. */

/* Takes what the answer owns. With `last` the connection is closed after it. */
enum MHD_Result response_send(
	struct MHD_Connection *connection, struct response *answer, bool last);

#endif
