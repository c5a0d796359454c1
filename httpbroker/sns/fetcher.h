/* SPDX-License-Identifier: MIT */
/*
 * One thread that fetches what SNS's messages need, one thing after the other, over HTTPS alone:
 * no redirects, five seconds each, so many bytes and no more. https_proxy is honoured.
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

/* One errand; it belongs to whoever put it, who gets it back by done(). */
struct fetch {
	const char *url;
	void (*done)(struct fetch *fetch); /* called once, in the fetcher's thread */
	void *owner;                       /* for done() */

	bool fetched;        /* set before done(): an answer with status 200 has come */
	struct reason why;   /* if not, why */
	struct buffer body;  /* of that; owned by the errand: fetch_free() */
	struct buffer links; /* certificates that the server presented, as PEM; likewise */

	struct fetch *prev, *next; /* the fetcher's */
};

void fetch_free(struct fetch *fetch);

struct fetcher;

/* The authorities of this file (PEM) instead of the system's, unless NULL. Exits if it cannot. */
struct fetcher *fetcher_start(const char *ca_file);

/* Any thread. False, and done() is not called: too many wait already, or it is stopping. */
bool fetcher_put(struct fetcher *fetcher, struct fetch *fetch);

/* Breaks off what is under way. Every errand is done, without success, when it returns. */
void fetcher_stop(struct fetcher *fetcher);
void fetcher_free(struct fetcher *fetcher);

#endif
