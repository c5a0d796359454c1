/* SPDX-License-Identifier: MIT */
/*
 * Reports to the supervisor: s6's newline on a descriptor (--ready-fd) and systemd's datagrams to
 * $NOTIFY_SOCKET (sd_notify(3)). Does nothing without them.
 */
#ifndef COMMON_READY_H
#define COMMON_READY_H

#include "common/clocks.h"

#include <stdbool.h>

/* Sends READY=1, and a newline on `fd`, which it closes; -1: none. */
void ready_announce(int fd);

/* Sends one datagram such as "STOPPING=1", "WATCHDOG=1" or "STATUS=…". */
void ready_notify(const char *message);

/*
 * When to send WATCHDOG=1 to systemd (sd_watchdog_enabled(3)): twice per timeout, as long as there
 * is progress. Without it systemd restarts the service. Pure, except for
 * watchdog_asked().
 */
struct watchdog {
	nsec interval; /* between two; 0: systemd did not ask */
	nsec next;
};

/*
 * From the values of $WATCHDOG_USEC and $WATCHDOG_PID, NULL where they are not set; the latter, if
 * set, must be `self`.
 */
struct watchdog watchdog_of(const char *usec, const char *pid, int64_t self);

/* The same, from this process's own environment. */
struct watchdog watchdog_asked(void);

/* True if it is time and there is progress. The next time is an interval later. */
bool watchdog_due(struct watchdog *watchdog, bool progress, nsec now);
nsec watchdog_deadline(const struct watchdog *watchdog);

#endif
