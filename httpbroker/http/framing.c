/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/framing.h"

#include <string.h>
#include <strings.h>

/* What the headers say of it. */
struct framing {
	const char *length;  /* Content-Length; NULL: not there */
	const char *coding;  /* Transfer-Encoding; NULL: not there */
	const char *unknown; /* a transfer coding that is not for us; NULL: none */
	bool twice;          /* two lengths that differ */
};

static void length_take(struct framing *framing, const char *value)
{
	framing->twice |= framing->length != NULL && strcmp(framing->length, value) != 0;
	framing->length = value;
}

static void coding_take(struct framing *framing, const char *value)
{
	if (framing->coding != NULL || strcasecmp(value, "chunked") != 0)
		framing->unknown = value;
	framing->coding = value;
}

/* An MHD_KeyValueIterator. */
static enum MHD_Result header_take(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0)
		length_take(context, value != NULL ? value : "");
	else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
		coding_take(context, value != NULL ? value : "");
	return MHD_YES;
}

bool framing_check(struct MHD_Connection *connection, struct answer *answer)
{
	struct framing framing = {NULL, NULL, NULL, false};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, header_take, &framing);
	if (framing.unknown != NULL)
		answer_error(answer, 501, "Transfer-Encoding: %.64s is not taken, only chunked",
			framing.unknown);
	else if (framing.twice)
		answer_error(answer, 400, "there are two Content-Length that differ");
	else if (framing.coding != NULL && framing.length != NULL)
		answer_error(answer, 400, "there are both Content-Length and Transfer-Encoding");
	else
		return true;
	return false;
}
