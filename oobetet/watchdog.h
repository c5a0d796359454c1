/* SPDX-License-Identifier: MIT */
/*
 * When to send WATCHDOG=1 to systemd (sd_watchdog_enabled(3)): twice per timeout, as long as there
 * is progress. Without it systemd restarts the service. Pure, except for watchdog_asked().
 */
#ifndef OOBETET_WATCHDOG_H
#define OOBETET_WATCHDOG_H

#include "common/clocks.h"

#include <stdbool.h>

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
