/* SPDX-License-Identifier: MIT */
/*
 * The list `httpbroker:NAME:handover`: events that a broker has answered 202 and may no longer
 * write itself are left there for the active broker.
 */
#ifndef HTTPBROKER_DELIVERY_HANDOVER_H
#define HTTPBROKER_DELIVERY_HANDOVER_H

#include "common/reason.h"
#include "httpbroker/delivery/accepted.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/loader.h"

struct redisReply;

#define HANDOVER_LOOK NSEC_PER_SEC /* between the active broker's reads */

/*
 * Receiving: the active broker reads the list, applies it as if it had been posted, and trims it in
 * the transaction that writes the result. Events that are older than what is known are logged.
 */
struct handover {
	struct prepared *prepared; /* read and not trimmed yet; owned */
	size_t count;              /* of them */
	size_t next;               /* the first that is not applied */
	size_t found;              /* in the list: with those that cannot be read */
	size_t older;              /* of those applied: what is known of their checks is newer */
	const struct prepared *first_older;
	uint64_t lost; /* older ones, since the start */
	nsec look_at;
	bool refused;   /* Redis refuses LRANGE, and that was logged */
	bool caught_up; /* nothing is left that is older than what is posted now */
};

/* On becoming active: the list comes before anything else. */
void handover_begin(struct handover *handover, nsec now);

/* Frees the events that were read. */
void handover_clear(struct handover *handover);

/* Whether the list has to be read; what was read before is applied first. The command for that. */
bool handover_is_due(const struct handover *handover, const struct core *core, nsec now);
#define HANDOVER_QUESTION(keys) RESP_WORDS("LRANGE", (keys)->handover, "0", "499")

/* Reads the reply. Returns how many events could not be read: each is logged. */
size_t handover_read(struct handover *handover, const struct redisReply *reply,
	const struct decode_context *context);

/* Applies what can be, and prefetches missing records. */
void handover_apply(
	struct handover *handover, struct core *core, struct loader *loader, struct moment now);

/*
 * Sending: a stand-by appends its accepted events in chunks. With each the chunk's number goes to
 * httpbroker:NAME:handover:TOKEN, and a chunk whose reply was lost is sent again as it was, so that
 * it is appended once; also by a broker that has become active since, which then finds it there.
 */
enum { HANDOVER_SEND_WORDS = 8, HANDOVER_SEND_NUMBER = 24 };

struct handover_sender {
	const struct keys *keys;           /* not owned */
	char *key;                         /* of the number; owned */
	uint64_t chunks;                   /* so far */
	char number[HANDOVER_SEND_NUMBER]; /* of the last one, in digits */
	size_t count;                      /* of events in it that are not acknowledged */
};

/* `token` identifies this process. */
void handover_send_init(struct handover_sender *sender, const struct keys *keys, const char *token);
void handover_send_free(struct handover_sender *sender);

/* Whether a chunk is not acknowledged. */
bool handover_send_is_open(const struct handover_sender *sender);

/*
 * The command for the chunk in flight, or the next: its words, ended by NULL, and the events in
 * `list`. False if there is nothing to send.
 */
bool handover_send_command(struct handover_sender *sender, struct accepted *accepted,
	const char *words[HANDOVER_SEND_WORDS], struct resp_list *list);

/* Reads the reply and drops the chunk from the accepted events. False if refused, and why. */
bool handover_send_read(struct handover_sender *sender, struct accepted *accepted,
	const struct redisReply *reply, struct reason *why);

#endif
