/* SPDX-License-Identifier: MIT */
/*
 * One message of SNS on its way to being believed: judged by what it says, held against its
 * certificate, which may have to be fetched first, and then a notification to be read, a
 * subscription to be confirmed, or the news of its end.
 */
#ifndef HTTPBROKER_SNS_LETTER_H
#define HTTPBROKER_SNS_LETTER_H

#include "httpbroker/sns/sns.h"

struct sns_message;

enum sns_message_step {
	SNS_MESSAGE_AWAITS,  /* something is being fetched: done() will be called, then go on */
	SNS_MESSAGE_SPEAKS,  /* it is believed: sns_message_said() is what it says, a document */
	SNS_MESSAGE_DONE,    /* it is believed, and there is nothing to do (any more) */
	SNS_MESSAGE_LATER,   /* not now: what it needs cannot be fetched */
	SNS_MESSAGE_REFUSED, /* never */
};

/* `done` is called in the fetcher's thread; the document is used until the letter is freed. */
struct sns_message *sns_message_new(
	struct sns *sns, json_t *document, void (*done)(void *owner), void *owner);
void sns_message_free(struct sns_message *message);

/* Goes on. With SNS_MESSAGE_LATER and _REFUSED the reason is set, with _DONE it says what was done.
 */
enum sns_message_step sns_message_go(
	struct sns_message *message, struct moment now, struct reason *why);

/* The letter's. */
json_t *sns_message_said(const struct sns_message *message);

/* What it said was accepted: it has no effect if it comes again. `now` is monotonic. */
void sns_message_accepted(struct sns_message *message, nsec now);

#endif
