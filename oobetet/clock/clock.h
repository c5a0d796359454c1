/* SPDX-License-Identifier: MIT */
/*
 * The clock: the parent of the hands, which keeps the time. Here nothing can block: it sleeps
 * until the next deadline or the next line, takes in all that was heard, judges, and lets the
 * hands carry what is to be told.
 */
#ifndef OOBETET_CLOCK_CLOCK_H
#define OOBETET_CLOCK_CLOCK_H

#include "oobetet/clock/program.h"
#include "oobetet/config/config.h"

/*
 * Watches until SIGTERM or SIGINT, then leaves the rooms and returns, within two seconds. Says
 * that it is ready (common/ready.h, `ready_fd`) as soon as it watches.
 */
void monitor_run(const struct config *config, const struct selfexec *selfexec, int ready_fd);

/* For `enabled = no`: ready, and idle, until SIGTERM or SIGINT. */
void monitor_idle(int ready_fd);

#endif
