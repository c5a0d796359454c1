/* SPDX-License-Identifier: MIT */
/*
 * Signals as flags. The handler only sets a flag, and caught signals are blocked except inside
 * ppoll(2): none is lost between reading the flags and sleeping.
 */
#ifndef COMMON_SIGNALS_H
#define COMMON_SIGNALS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

/*
 * Catches `count` signals, and SIGCONT, after which ppoll(2) must not sleep out the rest. Ignores
 * SIGPIPE and SIGXFSZ: write(2) fails instead. Call it once, before any thread is started.
 */
void signals_catch(const int *signals, int count);

/* Whether the signal has arrived since the last call. */
bool signal_arrived(int signal);

/* Whether SIGTERM or SIGINT has arrived since the last call; it is logged. */
bool signals_say_stop(void);

/*
 * ppoll(2), in which alone the caught signals arrive: also if a descriptor is always ready, and if
 * ppoll(2) fails, after which this waits for at most a tenth of a second, for signals only.
 */
int signals_poll(struct pollfd *fds, nfds_t count, const struct timespec *timeout);

/* In a child between fork and exec: restores every signal. */
void signals_restore(void);

#endif
