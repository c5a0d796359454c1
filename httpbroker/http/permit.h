/* SPDX-License-Identifier: MIT */
/*
 * What the sender of a request may write: the entities that its token's globs match. Globs are
 * those of fnmatch(3): `*`, `?`, `[a-z]`, any of which may stand for a `/` or a leading dot too.
 */
#ifndef HTTPBROKER_HTTP_PERMIT_H
#define HTTPBROKER_HTTP_PERMIT_H

#include <stdbool.h>
#include <stddef.h>

struct permit {
	char *const *globs; /* not owned */
	size_t count;       /* 0: every entity */
};

/*
 * Whether it covers this entity: else the event, or the deletion, is refused with 403. NULL is a
 * permit for everything: nobody asked for a token. The name need not end in a NUL.
 */
bool permit_allows(const struct permit *permit, const char *entity, size_t length);

#endif
