/* SPDX-License-Identifier: MIT */
/*
 * A request to forget: one check, or all of an entity, which are found a shard of the table at a
 * time, for that may be too large to be gone through at once. Which they were is remembered until
 * it is answered, for what is answered 202 goes to the backlog.
 */
#ifndef HTTPBROKER_DELIVERY_FORGETTING_H
#define HTTPBROKER_DELIVERY_FORGETTING_H

#include "httpbroker/delivery/books.h"

/* Whoever submits it sets the names, owns it, and reads the count. */
struct forgetting {
	struct names names;     /* of the check; of a whole entity (then it is all of them) */
	size_t count;           /* how many checks were forgotten */
	struct posting *checks; /* those; owned by the forgetting itself, see forgetting_end() */
};

/* Whether it is of a whole entity. */
bool forgetting_is_whole(const struct forgetting *forgetting);

/* Forgets the check, or those of the entity in this shard. */
void forgetting_check(struct forgetting *forgetting, struct books *books, struct moment now);
void forgetting_shard(
	struct forgetting *forgetting, struct books *books, unsigned shard, struct moment now);

/* It is over: frees what it has remembered. Or it came to nothing, and begins again. */
void forgetting_end(struct forgetting *forgetting);
void forgetting_reopen(struct forgetting *forgetting);

#endif
