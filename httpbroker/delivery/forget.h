/* SPDX-License-Identifier: MIT */
/*
 * A request to forget: one check, or all of an entity, which are found a shard of the table at a
 * time, for that may be too large to be gone through at once. Which they were is remembered until
 * it is answered, for what is answered 202 goes to the backlog.
 */
#ifndef HTTPBROKER_DELIVERY_FORGET_H
#define HTTPBROKER_DELIVERY_FORGET_H

#include "httpbroker/delivery/engine.h"

/* Whoever submits it sets the names, owns it, and reads the count. */
struct forget {
	struct names names;      /* of the check; of a whole entity (then it is all of them) */
	size_t count;            /* how many checks were forgotten */
	struct prepared *checks; /* those; owned by the forgetting itself, see forget_end() */
};

/* Whether it is of a whole entity. */
bool forget_is_whole(const struct forget *forget);

/* Forgets the check, or those of the entity in this shard. */
void forget_check(struct forget *forget, struct core *core, struct moment now);
void forget_shard(struct forget *forget, struct core *core, unsigned shard, struct moment now);

/* It is over: frees what it has remembered. Or it came to nothing, and begins again. */
void forget_end(struct forget *forget);
void forget_reopen(struct forget *forget);

#endif
