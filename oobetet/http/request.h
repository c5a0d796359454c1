/* SPDX-License-Identifier: MIT */
/* One HTTP request of a curl multi handle: it posts JSON, or fetches. */
#ifndef OOBETET_HTTP_REQUEST_H
#define OOBETET_HTTP_REQUEST_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "oobetet/config/config.h"

#include <curl/curl.h>

struct request {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	char *id;                         /* the caller's name for it */
	const struct watch_config *watch; /* the caller's; NULL: of none */
	char *body;                       /* NULL: nothing is posted */
	struct buffer answer;             /* untrusted; its first 1024 bytes */
	long status;                      /* of the answer; 0: there was none */
	char error[CURL_ERROR_SIZE];      /* why there was none, by curl */
};

/* Starts a POST of `body`, which it owns and wipes; NULL: a GET. It fails after `limit`. */
struct request *request_start(
	CURLM *multi, const char *url, const char *id, char *body, nsec limit);

/* A request that is done, with status or error set; the caller frees it. NULL: none is. */
struct request *request_done(CURLM *multi);

void request_free(struct request *request);

/*
 * Cuts durations and byte counts out of a curl error ("Failed to connect to HOST port 443 after 3
 * ms: Connection refused"), so that a repeated fault is the same text. Returns error.
 */
char *error_unmeasured(char *error);

#endif
