/* SPDX-License-Identifier: MIT */
/*
 * When to fetch heartbeat_url, by which another watcher knows that this one works: at each
 * interval, while all rooms are joined. Pure.
 */
#ifndef OOBETET_WATCH_HEARTBEAT_H
#define OOBETET_WATCH_HEARTBEAT_H

#include "oobetet/watch/rooms.h"

struct heartbeat {
	const struct rooms *rooms;
	nsec interval; /* 0: there is no heartbeat_url, and it is never due */
	nsec next;     /* not before */
};

/* True if it is time. The next time is an interval later; what was missed is not made up for. */
bool heartbeat_due(struct heartbeat *heartbeat, nsec now);
nsec heartbeat_deadline(const struct heartbeat *heartbeat);

#endif
