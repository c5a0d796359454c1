/* SPDX-License-Identifier: MIT */
/*
 * The list `httpbroker:NAME:handover`: what a broker has answered 202 and may no longer write
 * itself, it leaves there (leaving.h); the active one looks there, takes it as if it had been
 * posted, and drops it in the transaction that writes what became of it. What is older than what is
 * known changes nothing; that is logged.
 */
#ifndef HTTPBROKER_DELIVERY_HANDOVER_H
#define HTTPBROKER_DELIVERY_HANDOVER_H

#include "httpbroker/delivery/books.h"
#include "httpbroker/delivery/reader.h"

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
size_t handoff_take(
	struct handoff *handoff, const struct redisReply *reply, const struct recall *recall);

/* Judges what can be: a check that was not read yet is wanted from the reader. */
void handoff_judge(
	struct handoff *handoff, struct books *books, struct loader *loader, struct moment now);

/* Whether it is time to look; what is there already comes first. */
bool handoff_looks(const struct handoff *handoff, const struct books *books, nsec now);

void handoff_free(struct handoff *handoff);

#endif
