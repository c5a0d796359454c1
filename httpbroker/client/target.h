/* SPDX-License-Identifier: MIT */
/*
 * A server to send to: its parsed URL and its libcurl handle. `http://host:port/path`, `https://…`,
 * or `unix:/path` for a UNIX socket.
 */
#ifndef HTTPBROKER_CLIENT_TARGET_H
#define HTTPBROKER_CLIENT_TARGET_H

#include "common/reason.h"

#include <curl/curl.h>

struct target_options {
	const char *user_agent;
	const char *api;     /* appended to the URL, whose query is dropped; NULL: none, but /state
				is the default path */
	long limit_ms;       /* of a request */
	const char *ca_file; /* trusted certificates; NULL: the system's */
	const char *token;   /* sent as Bearer; NULL: none */
};

#define TARGET_SECRETS 2

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

#endif
