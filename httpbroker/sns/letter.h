/* SPDX-License-Identifier: MIT */
/*
 * One message of SNS on its way to being believed: judged by what it says, held against its
 * certificate, which may have to be fetched first, and then a notification to be read, a
 * subscription to be confirmed, or the news of its end.
 */
#ifndef HTTPBROKER_SNS_LETTER_H
#define HTTPBROKER_SNS_LETTER_H

#include "httpbroker/sns/sns.h"

struct letter;

enum letter_step {
	LETTER_AWAITS,  /* something is being fetched: done() will be called, then go on */
	LETTER_SPEAKS,  /* it is believed: letter_said() is what it says, a document */
	LETTER_DONE,    /* it is believed, and there is nothing to do (any more) */
	LETTER_LATER,   /* not now: what it needs cannot be fetched */
	LETTER_REFUSED, /* never */
};

/* `done` is called in the fetcher's thread; the document is used until the letter is freed. */
struct letter *letter_new(
	struct sns *sns, json_t *document, void (*done)(void *owner), void *owner);
void letter_free(struct letter *letter);

/* Goes on. With LETTER_LATER and _REFUSED the reason is set, with _DONE it says what was done. */
enum letter_step letter_go(struct letter *letter, struct moment now, struct reason *why);

/* The letter's. */
json_t *letter_said(const struct letter *letter);

/* What it said was accepted: it has no effect if it comes again. `now` is monotonic. */
void letter_accepted(struct letter *letter, nsec now);

#endif
