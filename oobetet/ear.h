/* SPDX-License-Identifier: MIT */
/*
 * The ear: the hand that holds libstrophe. It logs in, joins the rooms, proves that it stays in
 * them, says what it is told to and reports what it hears. It lives for one connection: when that
 * ends it says why and exits, and the clock starts another.
 */
#ifndef OOBETET_EAR_H
#define OOBETET_EAR_H

#include "oobetet/link.h"
#include "oobetet/room.h"
#include "oobetet/session.h"

struct ear {
	struct link *link;
	struct config *config;
	struct pace pace;
	struct session *session;
	struct room **rooms;
	int room_count;
	nsec heard; /* when the server sent anything last; 0: we are not logged in */
	bool stopping;
};

/* The whole life of this process; returns its exit code. */
int ear_main(void);

/* Once logged in: from now on what the server sends is heard (hearing.c). */
void hearing_start(struct ear *ear);

/* Tells the clock that we are out of the room, and why. */
void ear_tell_left(struct ear *ear, const struct room *room, const char *why);

#endif
