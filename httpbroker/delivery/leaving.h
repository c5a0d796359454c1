/* SPDX-License-Identifier: MIT */
/*
 * What a broker that stands by has answered 202 it leaves for the active one, in the list
 * httpbroker:NAME:handover, bit by bit. The bit's number goes to httpbroker:NAME:handover:TOKEN
 * with it, and a bit whose answer was lost is asked for once more, as it was, so that each is left
 * once; also by a broker that has become the active one meanwhile, which then takes it from there.
 */
#ifndef HTTPBROKER_DELIVERY_LEAVING_H
#define HTTPBROKER_DELIVERY_LEAVING_H

#include "common/reason.h"
#include "httpbroker/delivery/backlog.h"

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
bool handoff_send_question(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const char *words[HANDOFF_SEND_WORDS], struct resp_list *list);

/* Takes the answer, and the bit out of the backlog. False if it was refused, and why. */
bool handoff_send_take(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const struct redisReply *reply, struct reason *why);

#endif
