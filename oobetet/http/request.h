/* SPDX-License-Identifier: MIT */
/* One HTTP request, that posts JSON or fetches, carried by a curl multi handle. */
#ifndef OOBETET_HTTP_REQUEST_H
#define OOBETET_HTTP_REQUEST_H

#include "common/clocks.h"

#include <curl/curl.h>
#include <stddef.h>

struct request;

/*
 * Begins to post `body`, which becomes the request's and is wiped in the end; NULL: to fetch. `id`
 * comes back with the answer. After `limit` it has failed.
 */
struct request *request_start(
	CURLM *multi, const char *url, const char *id, char *body, nsec limit);

/* A request that the multi handle calls done; NULL: none is. It is then the caller's to free. */
struct request *request_done(CURLM *multi);

/* The answer's status; 0: there was none. */
long request_status(const struct request *request);

/* What was answered, as far as it was kept: at most 1024 bytes, and nothing that can be trusted. */
const char *request_answer(const struct request *request);

/* Why there was no answer: curl's words, without what it has measured. */
const char *request_error(const struct request *request);

/*
 * Cuts out of an error of curl's how long it took and how much had come by then ("Failed to connect
 * to HOST port 443 after 3 ms: Connection refused"), so that the same fault has the same words each
 * time. Returns error.
 */
char *error_unmeasured(char *error);

const char *request_id(const struct request *request);
void request_free(struct request *request);

#endif
