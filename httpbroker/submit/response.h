/* SPDX-License-Identifier: MIT */
/*
 * The meaning of a response for the documents that were sent. Pure. The broker answers 200 (written
 * to Redis) or 202 (in memory), 400, 403 and 413 with {"error": "…"}, and a list with the result of
 * each document where they differ (httpbroker-http(7)). A proxy may answer with a page of its own
 * and any status: so only the broker's own texts accept or refuse an event, and any other response
 * means that the broker is unreachable. Only 413 counts from every server: a proxy never forwards a
 * document that is too large for it, and those behind it would wait forever.
 */
#ifndef HTTPBROKER_SUBMIT_RESPONSE_H
#define HTTPBROKER_SUBMIT_RESPONSE_H

#include "common/backoff.h"
#include "common/clocks.h"
#include "common/duration.h"
#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>

enum response_result {
	RESPONSE_PENDING,  /* no response yet */
	RESPONSE_ACCEPTED, /* the broker has it */
	RESPONSE_REFUSED,  /* a retry would be refused again */
	RESPONSE_AWAY,     /* not now: retry */
};

struct response_item {
	enum response_result result; /* of one document; never RESPONSE_PENDING */
	char *why;                   /* NULL: accepted */
};

struct response {
	enum response_result result; /* of each document, unless items say otherwise */
	struct reason why;           /* always set; if accepted, the status */
	bool unreachable;            /* away: there was no response */
	bool bad_content;            /* refused, perhaps because of a single document */
	bool unauthorized;           /* away, until the token is changed */
	bool broker_busy; /* away: a broker's 503; it may accept with `Prefer: respond-async` */
	struct response_item *items; /* of each document, in order; NULL: none */
	size_t count;                /* of the items: as many as documents */
};

/*
 * Reads a response for `count` documents. `body` is NUL-terminated, perhaps cut, and not trusted;
 * NULL: empty. `secrets`, up to a NULL, are masked in the texts taken from it: an error about a
 * token may quote it. To be freed by response_clear().
 */
void response_read(long status, const char *body, size_t count, char *const *secrets,
	struct response *response);

void response_clear(struct response *response);

/*
 * The beginning of an input, to identify it in a message: on one line, white space reduced to one
 * blank, cut between two characters of UTF-8 with `…`.
 */

#define QUOTED_INPUT_SIZE 128 /* bytes with the NUL */

/* Writes into `out` and returns it. */
const char *quoted_input(const char *text, char out[QUOTED_INPUT_SIZE]);

/*
 * Outages of the broker: when to retry, and when to give up. Pure; `now` is the monotonic clock.
 * The results tell the caller what to log: an outage once, and its end once.
 */

struct outage {
	nsec retry_limit; /* from the first failure; NSEC_NEVER: none */
	nsec since;       /* the first failure; while away */
	nsec retry_at;    /* 0: at once */
	bool away;
	bool given_up;
	struct backoff backoff;
};

void outage_init(struct outage *outage, nsec retry_limit);

/* An attempt failed. `chance` as for backoff_wait(). True: it is the first in a row. */
bool outage_failed(struct outage *outage, nsec now, uint32_t chance);

/* Text behind a failure's reason: how long it is retried and, with a spool (not NULL), what happens
 * then. Empty: it is not retried. */
#define OUTAGE_TEXT 512
const char *outage_plan(const struct outage *outage, const char *spool, char out[OUTAGE_TEXT]);

/* The next failure is the last. */
void outage_end_retries(struct outage *outage);

/* An attempt succeeded. True: that ends an outage. */
bool outage_over(struct outage *outage);

/* The program is to end: sets another limit from now on, and retries at once. */
void outage_set_limit(struct outage *outage, nsec now, nsec retry_limit);

#endif
