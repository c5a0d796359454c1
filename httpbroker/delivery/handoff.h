/* SPDX-License-Identifier: MIT */
/*
 * The list `httpbroker:NAME:handover`: events that a broker has answered 202 and may no longer
 * write itself are left there for the active broker.
 */
#ifndef HTTPBROKER_DELIVERY_HANDOFF_H
#define HTTPBROKER_DELIVERY_HANDOFF_H

#include "common/reason.h"
#include "httpbroker/delivery/accepted.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/loader.h"

struct redisReply;

#define HANDOFF_LOOK NSEC_PER_SEC /* between the active broker's reads */

/*
 * Receiving: the active broker reads the list, applies it as if it had been posted, and trims it in
 * the transaction that writes the result. Events that are older than what is known are logged.
 */
struct handoff {
	struct prepared *prepared; /* read and not trimmed yet; owned */
	size_t count;              /* of them */
	size_t next;               /* the first that is not applied */
	size_t found;              /* in the list: with those that cannot be read */
	size_t older;              /* of those applied: what is known of their checks is newer */
	const struct prepared *first_older;
	uint64_t lost; /* older ones, since the start */
	nsec look_at;
	bool refused; /* Redis refuses LRANGE, and that was logged */
	bool settled; /* nothing is left that is older than what is posted now */
};

/* On becoming active: the list comes before anything else. */
void handoff_begin(struct handoff *handoff, nsec now);
void handoff_free(struct handoff *handoff);

/* Whether the list has to be read; what was read before is applied first. The command for that. */
bool handoff_is_due(const struct handoff *handoff, const struct core *core, nsec now);
#define HANDOFF_QUESTION(keys) RESP_WORDS("LRANGE", (keys)->handoff, "0", "499")

/* Reads the reply. Returns how many events could not be read: each is logged. */
size_t handoff_read(struct handoff *handoff, const struct redisReply *reply,
	const struct decode_context *context);

/* Applies what can be, and prefetches missing records. */
void handoff_apply(
	struct handoff *handoff, struct core *core, struct loader *loader, struct moment now);

/*
 * Sending: a stand-by appends its accepted events in chunks. With each the chunk's number goes to
 * httpbroker:NAME:handover:TOKEN, and a chunk whose reply was lost is sent again as it was, so that
 * it is appended once; also by a broker that has become active since, which then finds it there.
 */
enum { HANDOFF_SEND_WORDS = 8, HANDOFF_SEND_NUMBER = 24 };

struct handoff_sender {
	const struct keys *keys;          /* not owned */
	char *key;                        /* of the number; owned */
	uint64_t chunks;                  /* so far */
	char number[HANDOFF_SEND_NUMBER]; /* of the last one, in digits */
	size_t count;                     /* of events in it that are not acknowledged */
};

/* `token` identifies this process. */
void handoff_send_init(
	struct handoff_sender *handoff_sender, const struct keys *keys, const char *token);
void handoff_send_free(struct handoff_sender *handoff_sender);

/* Whether a chunk is not acknowledged. */
bool handoff_send_is_open(const struct handoff_sender *handoff_sender);

/*
 * The command for the chunk in flight, or the next: its words, ended by NULL, and the events in
 * `list`. False if there is nothing to send.
 */
bool handoff_send_command(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const char *words[HANDOFF_SEND_WORDS], struct resp_list *list);

/* Reads the reply and drops the chunk from the accepted events. False if refused, and why. */
bool handoff_send_read(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const struct redisReply *reply, struct reason *why);

#endif
