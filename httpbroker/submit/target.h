/* SPDX-License-Identifier: MIT */
/*
 * One broker to send to: its URL as it was given, taken apart, and the libcurl handle that is set
 * up for it. `http://host:port/path`, `https://…`, or `unix:/path` for a broker that listens
 * there. Where no path is given, it is /state.
 */
#ifndef HTTPBROKER_SUBMIT_TARGET_H
#define HTTPBROKER_SUBMIT_TARGET_H

#include "common/reason.h"

#include <curl/curl.h>

struct target_options {
	const char *ca_file; /* whose certificates are trusted; NULL: the system's */
	const char *token;   /* sent as Bearer; NULL: none */
};

#define TARGET_SECRETS 2

struct target {
	char *url;   /* where events are posted */
	char *shown; /* the URL as it may be logged: without user, password and query */
	bool local;  /* a path */
	CURL *easy;
	char *secrets[TARGET_SECRETS + 1]; /* the token and the URL's password, then a NULL */
};

/* NULL if `url` is none of these; *why says what is wrong. */
struct target *target_new(
	const char *url, const struct target_options *options, struct reason *why);

/* The URL with `query` (`key=value&…`, encoded) added to it; to be freed with free(3). */
char *target_url_with(const struct target *target, const char *query);

void target_free(struct target *target);

#endif
