/* SPDX-License-Identifier: MIT */
/*
 * A request to forget one check, or all of an entity. An entity's are searched a shard of the table
 * at a time, so that nobody waits for long. The checks found are kept until it ends: what is
 * answered 202 becomes accepted.
 */
#ifndef HTTPBROKER_DELIVERY_FORGET_H
#define HTTPBROKER_DELIVERY_FORGET_H

#include "httpbroker/delivery/engine.h"

/* The submitter sets the names and reads the count. */
struct forget {
	struct names names;      /* of a check; of an entity (then it is all of them) */
	size_t count;            /* how many checks were forgotten */
	struct prepared *checks; /* those; freed by forget_end() */
};

bool forget_is_whole_entity(const struct forget *forget);

/* Forgets the check, or those of the entity in this shard. */
void forget_check(struct forget *forget, struct core *core, struct moment now);
void forget_shard(struct forget *forget, struct core *core, unsigned shard, struct moment now);

/* Frees the checks; or starts anew. */
void forget_end(struct forget *forget);
void forget_reopen(struct forget *forget);

#endif
