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
struct listener {
	const struct match *match;
	const struct attention *attention;
	struct watch *watch;
	struct rooms *rooms;
	struct roads *roads;
	struct beat *beat; /* NULL: no heartbeat_url */
	struct hand *ear;  /* for what it has to know of the rooms */
};

/* A message of a hand. */
void listener_take(struct listener *listener, const struct message *message, nsec now);

/* The ear is there again, and is told of which rooms it has missed something; or it is gone. */
void listener_ear_started(const struct listener *listener);
void listener_ear_lost(struct listener *listener, const char *why, nsec now);

#endif
