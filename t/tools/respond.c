/* SPDX-License-Identifier: MIT */
#include "t/tools/respond.h"

#include "common/memory.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A body that is sent slowly. */
struct slow_body {
	int stopping;
	char *text;
	size_t length;
	nsec pause; /* before each byte */
};

void respond_wait(int stopping, nsec delay)
{
	struct pollfd readable = {.fd = stopping, .events = POLLIN};
	struct timespec limit;

	ppoll(&readable, 1, clock_timeout(0, delay, &limit), NULL);
}

static ssize_t slow_give(void *user, uint64_t at, char *out, size_t most)
{
	const struct slow_body *slow = user;

	(void)most;
	if (at == slow->length)
		return MHD_CONTENT_READER_END_OF_STREAM;
	respond_wait(slow->stopping, slow->pause);
	*out = slow->text[at];
	return 1;
}

static void slow_free(void *user)
{
	struct slow_body *slow = user;

	free(slow->text);
	free(slow);
}

static struct MHD_Response *slow_response(int stopping, char *text, nsec span)
{
	struct slow_body *slow = memory_zeroed(1, sizeof *slow);

	*slow = (struct slow_body){stopping, text, strlen(text), span / (nsec)strlen(text)};
	return MHD_create_response_from_callback(slow->length, 1, slow_give, slow, slow_free);
}

enum MHD_Result respond(
	struct MHD_Connection *connection, int status, json_t *body, nsec slow, int stopping)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct MHD_Response *response = slow > 0 ? slow_response(stopping, text, slow)
						 : MHD_create_response_from_buffer(strlen(text),
							   text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result queued;

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	queued = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	json_decref(body);
	return queued;
}
