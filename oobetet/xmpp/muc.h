/* SPDX-License-Identifier: MIT */
/*
 * Our stay in one room: when to join, to prove that we are in, to give up and join anew. Pure:
 * the ear carries out what room_tick() wishes, and tells what it heard of the room.
 */
#ifndef OOBETET_XMPP_MUC_H
#define OOBETET_XMPP_MUC_H

#include "oobetet/timing.h"
#include "oobetet/xmpp/receipts.h"

#include <stdbool.h>
#include <stdint.h>

struct room;

/* Out, to be joined at once. `name` is the caller's and stays valid. Free with room_free(). */
struct room *room_new(
	const char *name, const char *nick, const struct timing *timing, uint32_t seed);
void room_free(struct room *room);

const char *room_name(const struct room *room);
const char *room_nick(const struct room *room); /* the one that we have, or try to have */
bool room_is_in(const struct room *room);

enum room_wish {
	ROOM_REST, /* nothing to do before room_deadline() */
	ROOM_JOIN, /* send presence */
	ROOM_PING, /* ping ourselves in the room, with room_ping_number() */
	ROOM_LOST, /* nobody answers: we are out (room_why() says why); joining is tried again */
};

/* What to do now. More may be due at once: call it until it says ROOM_REST. */
enum room_wish room_tick(struct room *room, nsec now);
nsec room_deadline(const struct room *room);
const char *room_why(const struct room *room);
unsigned room_ping_number(const struct room *room);

/* Our presence in the room, under `nick`. True: we were not in before. */
bool room_entered(struct room *room, const char *nick, nsec now);

/* The room does not take us in, or no longer has us. True: that is news. */
bool room_left(struct room *room, nsec now);

/*
 * We have been in before, and have missed what was said since then. How many seconds of history to
 * ask for on joining; 0: none, as on a first joining.
 */
void room_missed(struct room *room, nsec since);
int64_t room_history(const struct room *room, nsec now);

/* The nick is somebody else's: joining is tried with another, at once. */
void room_nick_taken(struct room *room, nsec now);

/*
 * Somebody has left, or has given up `nick`. True: it is the one that we are meant to have, and do
 * not: ask for it. Whether we get it, our presence will tell.
 */
bool room_nick_is_free(const struct room *room, const char *nick);

/* We are in as before, but with another nick. */
void room_renamed(struct room *room, const char *nick);

/* The room's subject has come: what it had kept has come before that. */
void room_history_ends(struct room *room);
bool room_history_is_over(const struct room *room); /* since we came in this time */

/* What the room says that it can do (XEP-0030), until we try to join again. */
struct room_features {
	bool stable_ids;   /* a message comes back with the id that it was sent with */
	bool occupant_ids; /* XEP-0421, so that nobody can forge one */
};
void room_set_features(struct room *room, struct room_features features);
struct room_features room_features(const struct room *room);

/* What we say in it, to know it when it comes back (receipts.h). */
struct receipts *room_receipts(struct room *room);

/* A ping was answered in a way that proves that we are in. */
void room_ponged(struct room *room, unsigned number);

#endif
