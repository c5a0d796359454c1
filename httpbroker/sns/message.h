/* SPDX-License-Identifier: MIT */
/* Amazon SNS: checks each message and its signature, and confirms subscriptions. */
#ifndef HTTPBROKER_SNS_MESSAGE_H
#define HTTPBROKER_SNS_MESSAGE_H

#include "common/clocks.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/sns/certificates.h"
#include "httpbroker/sns/envelope.h"

/*
 * The ids of accepted messages: SNS sends a message again if the response is lost, and the second
 * has no effect. Each is kept for as long as policy_check() may accept its Timestamp, which may
 * have been in the future; and for a second more: policy_check() compares whole seconds. Without a
 * lock. `now` is monotonic.
 */
#define ID_CACHE_LAST ((2 * POLICY_TIME_MAX + 1) * NSEC_PER_SEC)
enum { ID_CACHE_MAX = 50000 }; /* above it the oldest is forgotten */

struct id_cache;

struct id_cache *id_cache_new(void);
void id_cache_free(struct id_cache *cache);
void id_cache_add(struct id_cache *cache, struct text message_id, nsec now);
bool id_cache_has(struct id_cache *cache, struct text message_id, nsec now);

/* What all messages share: the policy, the certificates, the cache of ids. */
struct sns;

struct sns_settings {
	struct policy policy; /* no topic: every message is refused, and nothing is ever fetched */
	const char *ca_file;  /* authorities; NULL: the system's */
};

/* Exits with a message if the authorities cannot be read. */
struct sns *sns_start(const struct sns_settings *settings);

/* Ends all fetching: messages that wait for it get SNS_MESSAGE_LATER. */
void sns_stop(struct sns *sns);

/* Call after sns_stop() and after the last sns_message_free(). */
void sns_free(struct sns *sns);

/* One message. */
struct sns_message;

enum sns_message_step {
	SNS_MESSAGE_WAITING, /* for a fetch: done() will be called, then continue */
	SNS_MESSAGE_EVENT,   /* verified: sns_message_text() may be an event */
	SNS_MESSAGE_DONE,    /* verified, and handled; the reason says how */
	SNS_MESSAGE_LATER,   /* try again: a fetch failed; the reason says which */
	SNS_MESSAGE_REFUSED, /* the reason says why */
};

/* `done` is called in the fetcher's thread. The message keeps a reference to the document. */
struct sns_message *sns_message_new(
	struct sns *sns, json_t *document, void (*done)(void *owner), void *owner);
void sns_message_free(struct sns_message *message);

enum sns_message_step sns_message_continue(
	struct sns_message *message, struct moment now, struct reason *why);

/* What a verified notification says; it points into the document. */
struct text sns_message_text(const struct sns_message *message);

/* Its event was accepted: the message has no effect if it comes again. `now` is monotonic. */
void sns_message_accepted(struct sns_message *message, nsec now);

#endif
