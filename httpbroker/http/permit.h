/* SPDX-License-Identifier: MIT */
/*
 * What the sender of a request may write: the entities that its token's globs match. Globs are
 * those of fnmatch(3): `*`, `?`, `[a-z]`, any of which may stand for a `/` or a leading dot too.
 */
#ifndef HTTPBROKER_HTTP_PERMIT_H
#define HTTPBROKER_HTTP_PERMIT_H

#include "httpbroker/events/event.h"

#include <stdbool.h>
#include <stddef.h>

struct acl {
	char *const *globs; /* not owned */
	size_t count;       /* 0: every entity */
};

/*
 * Whether it covers a check of this entity: else the event, or the deletion, is refused with 403.
 * NULL is a permit for everything: nobody asked for a token.
 *
 * Flapjack knows a check by `entity:check`, and where that is divided depends on who reads it: `db`
 * with the check `1:Up` may as well be `db:1` with `Up`. So every longer entity that a colon in the
 * check's name makes has to be covered too; a check of very many colons is not. Flapjack 1 does not
 * tell letters of an entity apart by their case. A check that is not given has no colons.
 */
bool acl_allows(const struct acl *acl, int flapjack, struct text entity, struct text check);

#endif
