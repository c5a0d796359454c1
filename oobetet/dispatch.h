/* SPDX-License-Identifier: MIT */
/*
 * From the hands' lines to the watch, the rooms and the roads: what each message means for whom.
 * The teller's counterpart.
 */
#ifndef OOBETET_DISPATCH_H
#define OOBETET_DISPATCH_H

#include "oobetet/channel/channels.h"
#include "oobetet/watch/activetime.h"
#include "oobetet/watch/heartbeat.h"
#include "oobetet/watch/match.h"
#include "oobetet/watch/rooms.h"
#include "oobetet/watch/watch.h"
#include "oobetet/worker.h"

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
