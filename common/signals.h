/* SPDX-License-Identifier: MIT */
/*
 * Signals as something to look at, not something that happens. The handler only sets a flag; the
 * caught signals are blocked except inside ppoll(2), so that none can slip in between looking
 * at the flags and going to sleep.
 */
#ifndef COMMON_SIGNALS_H
#define COMMON_SIGNALS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

/*
 * Catches `count` signals and ignores SIGPIPE and SIGXFSZ: write(2) fails instead. Call once,
 * before any thread is started. SIGCONT is caught as well: who was stopped and goes on must look at
 * the clock, not sleep out the rest.
 */
void signals_catch(const int *signals, int count);

/* True once for each time the signal has arrived since the last call (several count as one). */
bool signal_arrived(int signal);

/* True if SIGTERM or SIGINT has arrived since the last call; the log tells which. */
bool signals_say_stop(void);

/* The mask to hand to ppoll(2): in it, and only in it, the caught signals arrive. */
const sigset_t *signals_wait_mask(void);

/*
 * ppoll(2) with that mask, for loops that may never find nothing to read: ppoll(2) itself lets no
 * signal in while a descriptor is ready.
 */
int signals_poll(struct pollfd *fds, nfds_t count, const struct timespec *timeout);

/* In a child between fork and exec: puts every caught signal back as it was at the start. */
void signals_restore(void);

#endif
