/* SPDX-License-Identifier: MIT */
/* POST /state where the body is a message of Amazon SNS: verified before anything is made of it. */
#ifndef HTTPBROKER_HTTP_POST_SNS_H
#define HTTPBROKER_HTTP_POST_SNS_H

#include "httpbroker/http/post.h"

/* The batch of the request is the letter's from here on, and empty. */
void post_sns_begin(struct request *request, json_t *document);

/* As a route's begin and resume. */
struct submission *post_sns_go(struct request *request);

/* What was submitted was answered so. */
void post_sns_end(struct post *post, const struct response *response);

/* Whether SNS delivers without an envelope, and so without a signature. */
bool post_sns_is_raw(const struct request *request);

#endif
