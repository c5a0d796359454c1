/* SPDX-License-Identifier: MIT */
/* Documents on their way into a batch: translated, and each event of them permitted or not. */
#ifndef HTTPBROKER_HTTP_TAKING_H
#define HTTPBROKER_HTTP_TAKING_H

#include "httpbroker/http/batch.h"
#include "httpbroker/http/routes.h"

struct taking {
	struct intake intake; /* first, so that an intake is one of these */
	const struct broker *broker;
	const struct permit *permit;
	struct format_context context;
	struct moment now;
	struct batch *batch;
	struct place place;          /* of the document that is looked at */
	uint32_t part;               /* of that, the next */
	const struct format *format; /* of the last one */
	json_t *letter;              /* the last one, if it is a message of SNS; owned */
};

/* From now, and what the query says of it. False if that is wrong: then there is an answer. */
bool taking_begin(struct taking *taking, const struct broker *broker, const struct request *request,
	struct batch *batch, struct answer *answer);
void taking_end(struct taking *taking);

/* Takes all that is in the document. False if the batch has become too large. */
bool taking_document(struct taking *taking, json_t *document, struct place place);

/* Instead of a document, there is something that cannot be read. Returns the same. */
bool taking_refuse(
	struct taking *taking, enum fate fate, const struct reason *why, struct place place);

#endif
