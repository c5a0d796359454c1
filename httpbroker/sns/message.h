/* SPDX-License-Identifier: MIT */
/*
 * The messages that were accepted within the last hour, so that one that SNS sends again, because
 * our answer was lost, has no second effect. No lock: the caller's.
 */
#ifndef HTTPBROKER_SNS_MESSAGE_H
#define HTTPBROKER_SNS_MESSAGE_H

#include "common/clocks.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/sns/certificates.h"
#include "httpbroker/sns/policy.h"

#define SEEN_LASTS (3600 * NSEC_PER_SEC)
enum { SEEN_MAX = 50000 }; /* of more within an hour the oldest are forgotten */

struct seen;

struct seen *seen_new(void);
void seen_free(struct seen *seen);

/* `now` is monotonic. */
void seen_add(struct seen *seen, struct text message_id, nsec now);
bool seen_has(struct seen *seen, struct text message_id, nsec now);

/*
 * What all of SNS's messages are judged with: who may, the certificates, what was seen. A message
 * goes through it as a letter (message.h).
 */

struct sns;

struct sns_settings {
	struct policy policy; /* nobody allowed: SNS is refused, and nothing is ever fetched */
	const char *ca_file;  /* authorities, instead of the system's; NULL: the system's */
};

/* Exits with a message if the authorities cannot be read. */
struct sns *sns_start(const struct sns_settings *settings);

/* Whoever waits is woken, and finds that nothing can be had any more. */
void sns_stop(struct sns *sns);

/* After it was stopped, and when no letter is left. */
void sns_free(struct sns *sns);

const struct policy *sns_gate(const struct sns *sns);
struct certificates *sns_certificates(struct sns *sns);
struct fetcher *sns_fetcher(struct sns *sns);

/* Any thread: the messages that were accepted (see message.h). `now` is monotonic. */
bool sns_has_seen(struct sns *sns, struct text message_id, nsec now);
void sns_remember(struct sns *sns, struct text message_id, nsec now);

/*
 * One message of SNS on its way to being believed: judged by what it says, held against its
 * certificate, which may have to be fetched first, and then a notification to be read, a
 * subscription to be confirmed, or the news of its end.
 */

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
