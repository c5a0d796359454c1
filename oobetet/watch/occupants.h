/* SPDX-License-Identifier: MIT */
/*
 * Who has the watched nicks. A nick proves little: once its owner has left, anybody may take it.
 * What else a room shows of an occupant tells whether it is still the same. Pure.
 */
#ifndef OOBETET_WATCH_OCCUPANTS_H
#define OOBETET_WATCH_OCCUPANTS_H

#include <stdbool.h>
#include <stddef.h>

/* What a room shows of an occupant; "": not shown. */
struct identity {
	const char *jid; /* the real one; its resource, if there is one, does not count */
	const char *affiliation;
	const char *id; /* XEP-0421 */
};

struct occupants;

struct occupants *occupants_new(void);
void occupants_free(struct occupants *occupants);

/*
 * Somebody has this nick in this room now. True: it is somebody else than before, and `out` says
 * what tells them apart: `real JID b@example.org, before a@example.org`. What is better known
 * decides: the real JID, else the occupant-id, else the affiliation.
 */
bool occupants_see(struct occupants *occupants, int room, const char *nick,
	const struct identity *seen, char *out, size_t size);

#endif
