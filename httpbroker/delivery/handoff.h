/* SPDX-License-Identifier: MIT */
/*
 * The list `httpbroker:NAME:handover`: what a broker has answered 202 and may no longer write
 * itself, it leaves there (handoff.h); the active one looks there, takes it as if it had been
 * posted, and drops it in the transaction that writes what became of it. What is older than what is
 * known changes nothing; that is logged.
 */
#ifndef HTTPBROKER_DELIVERY_HANDOFF_H
#define HTTPBROKER_DELIVERY_HANDOFF_H

#include "common/reason.h"
#include "httpbroker/delivery/accepted.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/loader.h"

struct redisReply;

#define HANDOFF_LOOK NSEC_PER_SEC /* so often the active one looks */

/* What was found there and is not dropped yet. {0} is nothing. */
struct handoff {
	struct prepared *prepared; /* owned */
	size_t count;              /* of them */
	size_t next;               /* the first that was not judged */
	size_t found;              /* in the list: with those that cannot be read */
	size_t older;              /* of those judged: what is known of their checks is newer */
	const struct prepared *first_older;
	uint64_t lost; /* such ones, since the start */
	nsec look_at;
	bool refused; /* Redis refuses to tell, and that was said */
	bool settled; /* nothing was left there that is older than what is posted now */
};

/* A broker becomes the active one: it takes what is there before anything else. */
void handoff_begin(struct handoff *handoff, nsec now);

/* The words that ask for it. */
#define HANDOFF_QUESTION(keys) RESP_WORDS("LRANGE", (keys)->handoff, "0", "499")

/* Takes the answer. Returns how many could not be read: each is named in the log. */
size_t handoff_read(struct handoff *handoff, const struct redisReply *reply,
	const struct decode_context *decode_context);

/* Judges what can be: a check that was not read yet is wanted from the reader. */
void handoff_apply(
	struct handoff *handoff, struct core *core, struct loader *loader, struct moment now);

/* Whether it is time to look; what is there already comes first. */
bool handoff_is_due(const struct handoff *handoff, const struct core *core, nsec now);

void handoff_free(struct handoff *handoff);

/*
 * What a broker that stands by has answered 202 it leaves for the active one, in the list
 * httpbroker:NAME:handover, bit by bit. The bit's number goes to httpbroker:NAME:handover:TOKEN
 * with it, and a bit whose answer was lost is asked for once more, as it was, so that each is left
 * once; also by a broker that has become the active one meanwhile, which then takes it from there.
 */

struct redisReply;

enum { HANDOFF_SEND_WORDS = 8, HANDOFF_SEND_NUMBER = 24 };

struct handoff_sender {
	const struct keys *keys;          /* not owned */
	char *key;                        /* where the number is; owned */
	uint64_t bits;                    /* so far */
	char number[HANDOFF_SEND_NUMBER]; /* of the last one, in digits */
	size_t count; /* of events in it that are not known to be left; 0: none */
};

/* `token` stands for this process. */
void handoff_send_init(
	struct handoff_sender *handoff_sender, const struct keys *keys, const char *token);
void handoff_send_free(struct handoff_sender *handoff_sender);

/* Whether the answer to a bit has not come. */
bool handoff_send_is_open(const struct handoff_sender *handoff_sender);

/*
 * The question that leaves the bit under way, or the next: its words, ended by NULL, and appended
 * to `list` the events. False if there is nothing.
 */
bool handoff_send_command(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const char *words[HANDOFF_SEND_WORDS], struct resp_list *list);

/* Takes the answer, and the bit out of the backlog. False if it was refused, and why. */
bool handoff_send_read(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const struct redisReply *reply, struct reason *why);

#endif
