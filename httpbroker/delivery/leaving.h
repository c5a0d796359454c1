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

enum { LEAVING_WORDS = 8, LEAVING_NUMBER = 24 };

struct leaving {
	const struct keys *keys;     /* not owned */
	char *key;                   /* where the number is; owned */
	uint64_t bits;               /* so far */
	char number[LEAVING_NUMBER]; /* of the last one, in digits */
	size_t count;                /* of events in it that are not known to be left; 0: none */
};

/* `token` stands for this process. */
void leaving_init(struct leaving *leaving, const struct keys *keys, const char *token);
void leaving_free(struct leaving *leaving);

/* Whether the answer to a bit has not come. */
bool leaving_is_open(const struct leaving *leaving);

/*
 * The question that leaves the bit under way, or the next: its words, ended by NULL, and appended
 * to `list` the events. False if there is nothing.
 */
bool leaving_question(struct leaving *leaving, struct backlog *backlog,
	const char *words[LEAVING_WORDS], struct resp_list *list);

/* Takes the answer, and the bit out of the backlog. False if it was refused, and why. */
bool leaving_take(struct leaving *leaving, struct backlog *backlog, const struct redisReply *reply,
	struct reason *why);

#endif
