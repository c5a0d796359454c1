/* SPDX-License-Identifier: MIT */
/* Documents on their way into a batch: translated, and each event of them permitted or not. */
#ifndef HTTPBROKER_HTTP_POST_STATE_H
#define HTTPBROKER_HTTP_POST_STATE_H

#include "httpbroker/http/post.h"

struct collector {
	struct event_sink sink; /* first, so that an intake is one of these */
	const struct broker *broker;
	const struct acl *acl;
	struct format_context context;
	struct moment now;
	struct post *post;
	struct place place;          /* of the document that is looked at */
	uint32_t part;               /* of that, the next */
	const struct format *format; /* of the last one */
	json_t *message;             /* the last one, if it is a message of SNS; owned */
};

/* From now, and what the query says of it. False if that is wrong: then there is an answer. */
bool collector_begin(struct collector *collector, struct request *request);
void collector_end(struct collector *collector);

/* Takes all that is in the document. False if the batch has become too large. */
bool collector_document(struct collector *collector, json_t *document, struct place place);

/* Instead of a document, there is something that cannot be read. Returns the same. */
bool collector_refuse(struct collector *collector, enum outcome outcome, const struct reason *why,
	struct place place);

#endif
