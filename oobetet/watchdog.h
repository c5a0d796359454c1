/* SPDX-License-Identifier: MIT */
/*
 * When to tell systemd that we live (sd_watchdog_enabled(3)): twice in the time that it gives, as
 * long as there is progress. Without WATCHDOG=1 it ends us and starts us anew. Pure but
 * for watchdog_asked().
 */
#ifndef OOBETET_WATCHDOG_H
#define OOBETET_WATCHDOG_H

#include "common/clocks.h"

#include <stdbool.h>

struct watchdog {
	nsec interval; /* between two; 0: nobody wants to be told */
	nsec next;
};

/*
 * From the values of $WATCHDOG_USEC and $WATCHDOG_PID, NULL where they are not set: the latter
 * names the process that is meant, which is to be `self`.
 */
struct watchdog watchdog_of(const char *usec, const char *pid, int64_t self);

/* The same, from this process's own environment. */
struct watchdog watchdog_asked(void);

/* Is it time, and is there progress? The next time is an interval later. */
bool watchdog_due(struct watchdog *watchdog, bool progress, nsec now);
nsec watchdog_deadline(const struct watchdog *watchdog);

#endif
