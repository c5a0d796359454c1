/* SPDX-License-Identifier: MIT */
/*
 * From the hands' lines to the watch, the rooms and the roads: what each message means for whom.
 * The teller's counterpart.
 */
#ifndef OOBETET_CLOCK_LISTENER_H
#define OOBETET_CLOCK_LISTENER_H

#include "oobetet/clock/attention.h"
#include "oobetet/clock/beat.h"
#include "oobetet/clock/hand.h"
#include "oobetet/clock/match.h"
#include "oobetet/clock/roads.h"
#include "oobetet/clock/rooms.h"
#include "oobetet/clock/watch.h"

/* Nothing is owned. */
struct dispatch {
	const struct match *match;
	const struct active_time *active_time;
	struct watch *watch;
	struct rooms *rooms;
	struct channels *channels;
	struct heartbeat *heartbeat; /* NULL: no heartbeat_url */
	struct worker *xmpp;         /* for what it has to know of the rooms */
};

/* A message of a hand. */
void dispatch_take(struct dispatch *dispatch, const struct message *message, nsec now);

/* The ear is there again, and is told of which rooms it has missed something; or it is gone. */
void dispatch_xmpp_started(const struct dispatch *dispatch);
void dispatch_xmpp_lost(struct dispatch *dispatch, const char *why, nsec now);

#endif
