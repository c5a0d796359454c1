/* SPDX-License-Identifier: MIT */
/*
 * --test-alert: one marked test by every road that an alarm would take, through the same hands, and
 * for each road whether it arrived.
 */
#ifndef OOBETET_TRIAL_TRIAL_H
#define OOBETET_TRIAL_TRIAL_H

#include "oobetet/clock/program.h"
#include "oobetet/config/config.h"

/*
 * Tells every road, and prints one line a road on standard output. A room has it when it reflects
 * it, which a room that was created for it does not count for unless `create_rooms`, PagerDuty when
 * it has taken both the trigger and the resolve that follows, the alert_command when it has exited
 * with 0. Ends when all have, when what is left cannot be told, on SIGTERM or SIGINT. True: all of
 * them have it.
 */
bool test_alert_run(
	const struct config *config, const struct selfexec *selfexec, bool create_rooms);

#endif
