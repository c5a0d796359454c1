/* SPDX-License-Identifier: MIT */
/* What a clock is made of, put together as the configuration says. clock.h has what drives it. */
#ifndef OOBETET_CLOCK_CLOCKWORK_H
#define OOBETET_CLOCK_CLOCKWORK_H

#include "oobetet/clock/attention.h"
#include "oobetet/clock/beat.h"
#include "oobetet/clock/carriers.h"
#include "oobetet/clock/listener.h"
#include "oobetet/clock/match.h"
#include "oobetet/clock/past.h"
#include "oobetet/clock/roads.h"
#include "oobetet/clock/rooms.h"
#include "oobetet/clock/teller.h"
#include "oobetet/clock/watch.h"
#include "oobetet/clock/watchdog.h"

#include <limits.h>

struct monitor {
	const struct config *config;
	struct timing timing;
	char host[HOST_NAME_MAX + 1];
	struct target target;
	struct match match;
	struct active_time active_time;
	struct watch *watch;
	struct rooms *rooms;
	struct channels *channels;
	struct heartbeat *heartbeat; /* NULL: no heartbeat_url */
	struct workers workers;
	struct dispatch dispatch; /* what comes from the carriers */
	struct reporter reporter; /* what goes to the roads */
	struct past past;
	struct watchdog watchdog;
	int timer; /* a timerfd, which wakes us at the next deadline */
};

/*
 * Makes all of it, and takes up the past; dies where there is no timer. `config` and `program` are
 * the caller's and stay valid. Returns how long nobody listened before this start; 0 if that is
 * not known. End it with monitor_end().
 */
nsec monitor_begin(
	struct monitor *clock, const struct config *config, const struct selfexec *selfexec);
void monitor_end(struct monitor *clock);

/* `now`, of CLOCK_MONOTONIC, on the clocks that are needed to tell it. */
struct timestamps monitor_now(const struct monitor *clock, nsec now);

#endif
