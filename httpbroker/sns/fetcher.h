/* SPDX-License-Identifier: MIT */
/*
 * A thread that fetches URLs, one at a time: HTTPS only, no redirects, bounded in time and size.
 * https_proxy is honoured.
 */
#ifndef HTTPBROKER_SNS_FETCHER_H
#define HTTPBROKER_SNS_FETCHER_H

#include "common/buffer.h"
#include "common/reason.h"

#include <stdbool.h>

enum {
	FETCH_SECONDS = 5,
	FETCH_BODY_MAX = 64 * 1024, /* bytes; a certificate has 2 KiB */
	FETCH_QUEUE_MAX = 64,
};

/* The caller owns it, and may free it from done() on. */
struct fetch {
	const char *url;
	void (*done)(struct fetch *fetch); /* called once, in the fetcher's thread */
	void *owner;                       /* for done() */

	bool fetched;                /* set before done(): the response has status 200 */
	struct reason why;           /* if not fetched */
	struct buffer body;          /* owned: fetch_free() */
	struct buffer intermediates; /* owned; certificates that the server presented, as PEM */

	struct fetch *prev, *next; /* internal */
};

void fetch_free(struct fetch *fetch);

struct fetcher;

/* `ca_file`: authorities (PEM); NULL: the system's. Exits if there is no thread or curl handle. */
struct fetcher *fetcher_start(const char *ca_file);

/* Any thread. False, without done(): the queue is full, or the fetcher is stopping. */
bool fetcher_put(struct fetcher *fetcher, struct fetch *fetch);

/* Aborts the current fetch. When it returns, done() was called for every fetch. */
void fetcher_stop(struct fetcher *fetcher);
void fetcher_free(struct fetcher *fetcher);

#endif
