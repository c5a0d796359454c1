/* SPDX-License-Identifier: MIT */
/*
 * The owners of the watched nicks. A nick proves little: after its owner has left, anyone may take
 * it. The other marks that a room shows tell whether the owner has changed. Pure.
 */
#ifndef OOBETET_WATCH_OCCUPANTS_H
#define OOBETET_WATCH_OCCUPANTS_H

#include <stdbool.h>
#include <stddef.h>

/* What a room shows of an occupant; "": not shown. */
struct identity {
	const char *jid; /* the real one; its resource is ignored */
	const char *affiliation;
	const char *id; /* XEP-0421 */
};

struct occupants;

struct occupants *occupants_new(void);
void occupants_free(struct occupants *occupants);

/*
 * An occupant has this nick in this room. True: it is not the same as before, and `out` names the
 * difference: `real JID b@example.org, before a@example.org`. The real JID decides, else the
 * occupant-id, else the affiliation.
 */
bool occupants_see(struct occupants *occupants, int room, const char *nick,
	const struct identity *seen, char *out, size_t size);

#endif
