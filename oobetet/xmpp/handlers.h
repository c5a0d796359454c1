/* SPDX-License-Identifier: MIT */
/* What the server sends to the ear, and what of it the clock is told. */
#ifndef OOBETET_XMPP_HANDLERS_H
#define OOBETET_XMPP_HANDLERS_H

#include "oobetet/ipc.h"
#include "oobetet/xmpp/muc.h"
#include "oobetet/xmpp/session.h"

/* All that an ear has: ear.c makes it, hearing.c works on it while the server speaks. */
struct xmpp {
	struct ipc *ipc;
	struct config *config;
	struct timing timing;
	struct session *session;
	struct room **rooms;
	int room_count;
	nsec heard; /* when the server sent anything last; 0: we are not logged in */
	bool stopping;
};

/* Once logged in: from now on what the server sends is heard. */
void handlers_start(struct xmpp *xmpp);

/* Asks what the room with this index can do (muc.h). */
void handlers_ask_features(struct xmpp *xmpp, int room);

/* Tells the clock that we are out of the room, and why. */
void handlers_tell_left(struct xmpp *xmpp, const struct room *room, const char *why);

#endif
