/* SPDX-License-Identifier: MIT */
/* From the watch's verdict to the roads: what is told of an incident, in the log and by each road.
 */
#ifndef OOBETET_WATCH_INCIDENT_H
#define OOBETET_WATCH_INCIDENT_H

#include "oobetet/channel/channels.h"
#include "oobetet/watch/rooms.h"
#include "oobetet/watch/watch.h"

/* Nothing is owned. */
struct notifier {
	const struct target *target;
	struct watch *watch;
	struct channels *channels;
	const struct rooms *rooms;
	struct outage outage; /* the incident, as it was told first */
	nsec began;           /* its beginning by CLOCK_BOOTTIME, which nobody sets */
};

/* Now, on the clocks that are needed to tell it. */
struct timestamps {
	nsec active_time; /* activetime.h */
	nsec monotonic;
	nsec boot;
	nsec wall;
};

/* Judges the watch, and tells whatever there is to tell. Everything heard so far is taken in. */
void incident_report(struct notifier *notifier, const struct timestamps *now);

#endif
