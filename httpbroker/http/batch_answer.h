/* SPDX-License-Identifier: MIT */
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
#ifndef HTTPBROKER_HTTP_BATCH_ANSWER_H
#define HTTPBROKER_HTTP_BATCH_ANSWER_H

#include "httpbroker/http/answer.h"
#include "httpbroker/http/batch.h"

/* The batch is settled, and has an item. */
void post_respond(const struct post *post, struct response *answer);

#endif
