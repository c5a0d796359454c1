/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/response.h"

#include "common/memory.h"
#include "httpbroker/checks/encode.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_AFTER = 5, ERROR_TEXT = 1024 };

/* A message may quote what a client sent, cut anywhere: then it is no UTF-8 any more. */
static json_t *string_make(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string != NULL)
		return string;
	copy = memory_copied(text);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

void response_string(struct buffer *out, const char *text)
{
	json_t *string = string_make(text);

	jsontext_string(out, json_string_value(string), json_string_length(string));
	json_decref(string);
}

void response_error(struct response *answer, unsigned status, const char *format, ...)
{
	char text[ERROR_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	answer->status = status;
	answer->type = ANSWER_JSON;
	buffer_clear(&answer->body);
	buffer_append_text(&answer->body, "{\"error\": ");
	response_string(&answer->body, text);
	buffer_append_text(&answer->body, "}\n");
	answer_refuses(answer, text);
}

void answer_refuses(struct response *answer, const char *why)
{
	free(answer->why);
	answer->why = memory_copied(why);
}

void response_busy(struct response *answer, const char *why)
{
	response_error(answer, 503, "%s", why);
	answer->retry_after = RETRY_AFTER;
}

void response_free(struct response *answer)
{
	if (answer->stream != NULL)
		answer->stream->free(answer->stream);
	answer->stream = NULL;
	buffer_free(&answer->body);
	free(answer->why);
	answer->why = NULL;
}

enum { STREAM_BLOCK = 32768 }; /* bytes that the HTTP library asks for at a time */

/* A stream that is being sent: the piece that was made last, and how much of it is out. */
struct sending {
	struct stream *stream;
	struct buffer piece;
	size_t sent;
	bool complete;
};

/*
 * Called by the HTTP library when it has room: it takes what fits of the piece. An empty piece is
 * no reason to make the next one at once: the library's thread has others to serve meanwhile.
 */
static ssize_t sending_read(void *closure, uint64_t position, char *out, size_t size)
{
	struct sending *sending = closure;

	(void)position; /* always where the last call ended */
	if (sending->sent == sending->piece.length) {
		if (sending->complete)
			return MHD_CONTENT_READER_END_OF_STREAM;
		buffer_clear(&sending->piece);
		sending->sent = 0;
		sending->complete = !sending->stream->more(sending->stream, &sending->piece);
	}
	size_t left = sending->piece.length - sending->sent;
	size_t take = left < size ? left : size;
	memcpy(out, sending->piece.data + sending->sent, take);
	sending->sent += take;
	return (ssize_t)take;
}

static void sending_free(void *closure)
{
	struct sending *sending = closure;

	sending->stream->free(sending->stream);
	buffer_free(&sending->piece);
	free(sending);
}

static struct MHD_Response *stream_response(struct stream *stream)
{
	struct sending *sending = memory_zeroed(1, sizeof *sending);

	sending->stream = stream;
	return MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, sending_read, sending, sending_free);
}

static struct MHD_Response *answer_response(struct response *answer)
{
	struct stream *stream = answer->stream;
	struct buffer body = answer->body;

	answer->stream = NULL;
	answer->body = (struct buffer){NULL, 0, 0};
	if (stream == NULL)
		return MHD_create_response_from_buffer(
			body.length, body.data, MHD_RESPMEM_MUST_FREE);
	buffer_free(&body);
	return stream_response(stream);
}

/* Both ways; who can do neither, like Amazon SNS, waits for the offer of the second. */
static void challenge_add(struct MHD_Response *response)
{
	MHD_add_response_header(
		response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"httpbroker\"");
	MHD_add_response_header(
		response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"httpbroker\"");
}

static void retry_after_add(struct MHD_Response *response, unsigned after)
{
	char seconds[16];

	snprintf(seconds, sizeof seconds, "%u", after);
	MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
}

static void headers_add(struct MHD_Response *response, const struct response *answer, bool last)
{
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	if (answer->challenge)
		challenge_add(response);
	if (answer->allow != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
	if (answer->retry_after > 0)
		retry_after_add(response, answer->retry_after);
	if (last)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

enum MHD_Result response_send(struct MHD_Connection *connection, struct response *answer, bool last)
{
	struct MHD_Response *response = answer_response(answer);

	if (response == NULL)
		return MHD_NO;
	headers_add(response, answer, last);
	enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return queued;
}
