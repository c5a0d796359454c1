/* SPDX-License-Identifier: MIT */
/* Turns the watch's verdicts into notifications: logged, and queued on the channels. */
#ifndef OOBETET_CHANNEL_INCIDENT_H
#define OOBETET_CHANNEL_INCIDENT_H

#include "oobetet/channel/channels.h"
#include "oobetet/watch/rooms.h"
#include "oobetet/watch/watch.h"

/* Owns nothing. */
struct notifier {
	const struct target *target;
	struct watch *watch;
	struct channels *channels;
	const struct rooms *rooms;
	struct outage outage; /* the open incident, as its first alarm stated it */
	nsec began;           /* its beginning by CLOCK_BOOTTIME, which cannot be set */
};

/* One moment on all clocks that a notification needs. */
struct timestamps {
	nsec active_time; /* activetime.h */
	nsec monotonic;
	nsec boot;
	nsec wall;
};

/* Evaluates the watch and queues what follows. All messages received so far must be applied. */
void incident_report(struct notifier *notifier, const struct timestamps *now);

#endif
