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
int occupants_count(const struct occupants *occupants);

/*
 * An occupant has this nick in this room. True: it is not the same as before, and `out` names the
 * difference: `real JID b@example.org, before a@example.org`. The real JID decides, else the
 * occupant-id, else the affiliation.
 */
bool occupants_see(struct occupants *occupants, int room, const char *nick,
	const struct identity *seen, char *out, size_t size);

/*
 * Who has this nick now, as shown by the last presence, the JID without its resource; false: nobody
 * who was seen. The texts stay valid until the next call of another function.
 */
bool occupants_find(
	const struct occupants *occupants, int room, const char *nick, struct identity *out);

/* Nobody has this nick any more; `forget`: nor is anything to be compared with its next owner. */
void occupants_leave(struct occupants *occupants, int room, const char *nick, bool forget);

/* The same for all nicks of a room; the next owner of each is compared. */
void occupants_all_leave(struct occupants *occupants, int room);

#endif
