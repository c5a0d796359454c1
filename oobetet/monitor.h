/* SPDX-License-Identifier: MIT */
/*
 * The clock: the parent of the hands, which keeps the time. Here nothing can block: it sleeps
 * until the next deadline or the next line, takes in all that was heard, judges, and lets the
 * hands carry what is to be told.
 */
#ifndef OOBETET_MONITOR_H
#define OOBETET_MONITOR_H

#include "oobetet/channel/channels.h"
#include "oobetet/config/config.h"
#include "oobetet/dispatch.h"
#include "oobetet/selfexec.h"
#include "oobetet/state/snapshot.h"
#include "oobetet/watch/activetime.h"
#include "oobetet/watch/heartbeat.h"
#include "oobetet/watch/incident.h"
#include "oobetet/watch/match.h"
#include "oobetet/watch/rooms.h"
#include "oobetet/watch/watch.h"
#include "oobetet/watchdog.h"
#include "oobetet/workers.h"

#include <limits.h>

/*
 * Watches until SIGTERM or SIGINT, then leaves the rooms and returns, within two seconds. Says
 * that it is ready (common/ready.h, `ready_fd`) as soon as it watches.
 */
void monitor_run(const struct config *config, const struct selfexec *selfexec, int ready_fd);

/* For `enabled = no`: ready, and idle, until SIGTERM or SIGINT. */
void monitor_idle(int ready_fd);

/* What a clock is made of, put together as the configuration says. monitor.h has what drives it. */

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
