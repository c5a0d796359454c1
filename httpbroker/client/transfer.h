/* SPDX-License-Identifier: MIT */
/*
 * HTTP requests with libcurl: a target is a server to send to, a transfer is a request to it and
 * its response.
 */
#ifndef HTTPBROKER_CLIENT_TRANSFER_H
#define HTTPBROKER_CLIENT_TRANSFER_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdbool.h>

struct target_options {
	const char *user_agent;
	const char *api;     /* of Alertmanager: appended to the URL, whose query is dropped; NULL:
				the broker's, with /state as the default path, or a UNIX socket */
	long limit_ms;       /* of a request; 0: it is set in the handle before each */
	const char *ca_file; /* trusted certificates; NULL: the system's */
	const char *token;   /* sent as Bearer; NULL: none */
};

#define TARGET_SECRETS 2

/*
 * A parsed URL and its libcurl handle. `http://host:port/path`, `https://…`, or `unix:/path` for a
 * UNIX socket.
 */
struct target {
	char *url;   /* of POST */
	char *shown; /* for the log: without user, password and query */
	bool local;  /* a UNIX socket */
	CURL *easy;
	char *secrets[TARGET_SECRETS + 1]; /* the token and the URL's password, then a NULL */
};

/* NULL, with *why: the URL is not valid. */
struct target *target_new(
	const char *url, const struct target_options *options, struct reason *why);

/* The URL with `query` (`key=value&…`, encoded); to be freed. */
char *target_url_with(const struct target *target, const char *query);

void target_free(struct target *target);

enum { TRANSFER_FDS = 16 }; /* that it may poll: addresses, the resolver */

/*
 * Requests, one at a time: nothing here blocks, name resolution included. The options of a request
 * are set in its target's handle.
 */
struct transfer;

/* Keeps so many bytes of a response; the rest is dropped. */
struct transfer *transfer_new(size_t max);
void transfer_free(struct transfer *transfer);

/* The headers of a JSON document; to be freed with curl_slist_free_all(). */
struct curl_slist *transfer_json_headers(void);

/* Not while it is busy. The handle, and a body that is set in it, must live until it has ended. */
void transfer_start(struct transfer *transfer, CURL *easy);
bool transfer_is_busy(const struct transfer *transfer);
void transfer_abort(struct transfer *transfer);

/* Goes on. True: it has ended, and how. Then transfer_response() is what was kept of the response,
 * transfer_error() the reason of a failure. */
bool transfer_step(struct transfer *transfer, nsec now, CURLcode *code);
const struct buffer *transfer_response(const struct transfer *transfer);
const char *transfer_error(const struct transfer *transfer, CURLcode code);

/* For poll(2): returns how many. And when to call transfer_step() at the latest. */
size_t transfer_poll(const struct transfer *transfer, struct pollfd *fds);
nsec transfer_deadline(const struct transfer *transfer);

#endif
