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

/* A message may quote a client, cut in the middle of a character: then it is not UTF-8. */
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

void response_error(struct response *response, unsigned status, const char *format, ...)
{
	char text[ERROR_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	response->status = status;
	response->type = CONTENT_JSON;
	buffer_clear(&response->body);
	buffer_append_text(&response->body, "{\"error\": ");
	response_string(&response->body, text);
	buffer_append_text(&response->body, "}\n");
	response_reason(response, text);
}

void response_reason(struct response *response, const char *why)
{
	free(response->why);
	response->why = memory_copied(why);
}

void response_busy(struct response *response, const char *why)
{
	response_error(response, 503, "%s", why);
	response->retry_after = RETRY_AFTER;
}

void response_free(struct response *response)
{
	if (response->stream != NULL)
		response->stream->free(response->stream);
	response->stream = NULL;
	buffer_free(&response->body);
	free(response->why);
	response->why = NULL;
}

enum { STREAM_BLOCK = 32768 }; /* bytes that libmicrohttpd asks for at a time */

/* A stream that is being sent: its last piece, and how much of that is sent. */
struct sending {
	struct stream *stream;
	struct buffer piece;
	size_t sent;
	bool complete;
};

/*
 * An MHD_ContentReaderCallback. An empty piece is returned as such, not followed by the next one
 * at once: libmicrohttpd's thread serves other connections in between.
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

static struct MHD_Response *response_make(struct response *response)
{
	if (response->stream == NULL) {
		struct buffer body = response->body;

		response->body = (struct buffer){NULL, 0, 0};
		return MHD_create_response_from_buffer(
			body.length, body.data, MHD_RESPMEM_MUST_FREE);
	}
	struct sending *sending = memory_zeroed(1, sizeof *sending);
	sending->stream = response->stream;
	response->stream = NULL;
	return MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, sending_read, sending, sending_free);
}

static void number_header_add(struct MHD_Response *made, const char *name, unsigned number)
{
	char text[16];

	if (number == 0)
		return;
	snprintf(text, sizeof text, "%u", number);
	MHD_add_response_header(made, name, text);
}

/* Nothing but the page's own files is loaded or run, and no other page may frame it. */
static void page_headers_add(struct MHD_Response *made)
{
	static const char *const headers[][2] = {
		{"Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
			"'self'; img-src data:; base-uri 'none'; form-action 'none'; "
			"frame-ancestors 'none'"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache, private"},
	};

	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
		MHD_add_response_header(made, headers[i][0], headers[i][1]);
}

static void headers_add(struct MHD_Response *made, const struct response *response, bool last)
{
	MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response->type);
	if (response->challenge) { /* Amazon SNS sends a password only if Basic is offered */
		MHD_add_response_header(
			made, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"httpbroker\"");
		MHD_add_response_header(
			made, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"httpbroker\"");
	}
	if (response->allow != NULL)
		MHD_add_response_header(made, MHD_HTTP_HEADER_ALLOW, response->allow);
	if (response->page)
		page_headers_add(made);
	else if (response->no_store)
		MHD_add_response_header(made, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (response->etag[0] != '\0')
		MHD_add_response_header(made, MHD_HTTP_HEADER_ETAG, response->etag);
	number_header_add(made, MHD_HTTP_HEADER_RETRY_AFTER, response->retry_after);
	number_header_add(made, "Ping-Body-Limit", response->body_limit);
	if (last)
		MHD_add_response_header(made, MHD_HTTP_HEADER_CONNECTION, "close");
}

enum MHD_Result response_send(
	struct MHD_Connection *connection, struct response *response, bool last)
{
	struct MHD_Response *made = response_make(response);

	if (made == NULL)
		return MHD_NO;
	headers_add(made, response, last);
	enum MHD_Result queued = MHD_queue_response(connection, response->status, made);
	MHD_destroy_response(made);
	return queued;
}
