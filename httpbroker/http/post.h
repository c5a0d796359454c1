/* SPDX-License-Identifier: MIT */
/*
 * POST /state: the items of one request, from its body to its response. A request with a single
 * event, the usual case, needs one allocation.
 */
#ifndef HTTPBROKER_HTTP_POST_H
#define HTTPBROKER_HTTP_POST_H

#include "httpbroker/formats/format.h"
#include "httpbroker/http/request.h"

struct post {
	struct submission submission; /* the items */
	struct counters *counters;
	size_t capacity;             /* of items */
	size_t submitted;            /* how many of them are */
	bool one;                    /* a single event: its response is not a list */
	bool overflows;              /* the body has more than LIMIT_BATCH: the rest is missing */
	struct sns_message *message; /* that the event came in; owned; NULL: none */
	struct item first;           /* submission.items while there is only one */
};

struct post *post_new(struct counters *counters);
void post_free(struct post *post);

/* Removes all items. */
void post_clear(struct post *post);

/* Appends an item; NULL, and post->overflows: there are too many. It may move the others. */
struct item *post_add(struct post *post);

/* The memory that it needs, roughly. */
size_t post_bytes(const struct post *post);

/*
 * Sets and counts the outcomes, then fills the response. There is an item; the submission, if one
 * is submitted, is answered. A single accepted event is echoed in one line, as the original did it;
 * the response to several is
 *
 *     {"accepted":1,"refused":1,"events":[
 *     {"index":0,"line":1,"result":"delivered"},
 *     {"index":1,"line":3,"result":"refused","error":"'check' is missing"}
 *     ]}
 *
 * with `"error"` before `"accepted"` if nothing was accepted. `index` counts the documents of the
 * body from 0; `line` is given for lines, `part` (from 0) for a document that can hold several
 * events.
 */
void post_respond(struct post *post, struct response *response);

#endif
