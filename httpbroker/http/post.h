/* SPDX-License-Identifier: MIT */
/*
 * What one POST carries, from its body to its answer: the events that are submitted, and of every
 * item, submitted or not, what became of it. Mostly it is one event, which needs one allocation.
 */
#ifndef HTTPBROKER_HTTP_POST_H
#define HTTPBROKER_HTTP_POST_H

#include "httpbroker/formats/body.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/http/request.h"
#include "httpbroker/sns/message.h"

/* An event, or what was to be one. */
struct item {
	struct place place;   /* of its document */
	uint32_t part;        /* in its document: how many are before it */
	bool submitted;       /* as the next of the postings that no item before has */
	enum outcome outcome; /* of one that was not submitted; of the others, once answered */
	const struct format *format; /* NULL: not recognised */
	char *why;                   /* it was refused, or passed over; owned; NULL: for none */
};

struct post {
	struct submission submission; /* the postings; none: there is nothing to submit */
	struct counters *counters;
	struct item *items;
	size_t count;
	size_t capacity;             /* of items, postings and answers */
	bool one;                    /* a single event, whose answer is not a list */
	struct sns_message *message; /* of SNS, in which it came; owned; NULL: none */
	bool overflows;              /* there were more than LIMIT_BATCH; they are not here */

	struct item first_item; /* what these three point to while there is only one */
	struct prepared first_posting;
	enum engine_result first_answer;
};

/* Its events are counted there. */
struct post *post_new(struct counters *counters);
void post_free(struct post *post);

/* Empty again. */
void post_clear(struct post *post);

/* Appends an item; NULL, and batch->overflows, if there are too many. It may move the others. */
struct item *post_add(
	struct post *post, const struct format *format, struct place place, uint32_t part);

/* Where the last item's posting goes, which is submitted thereby. */
struct prepared *post_submit(struct post *post);

/* How much memory it needs, or nearly so. */
size_t post_bytes(const struct post *post);

/* Once the submission is answered, or when there is none: sets the fates and counts them. */
void post_settle(struct post *post);

/*
 * The answer to what was posted. A single event that was accepted is shown as the original did,
 * in one line. To a batch the answer is
 *
 *     {"accepted":1,"refused":1,"events":[
 *     {"index":0,"line":1,"result":"delivered"},
 *     {"index":1,"line":3,"result":"refused","error":"'check' is missing"}
 *     ]}
 *
 * with `"error"` before `"accepted"` if nothing was accepted. `index` counts the documents of the
 * body from 0; `line` is there for lines, `part` (from 0) for a document that holds several events.
 */

/* The submission, or NULL and the response if no item is submitted. */
struct submission *post_submission(struct request *request);

/* The batch is settled, and has an item. */
void post_respond(const struct post *post, struct response *response);

#endif
