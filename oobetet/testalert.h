/* SPDX-License-Identifier: MIT */
/* --test-alert: sends one marked test through every alarm channel and prints whether it arrived. */
#ifndef OOBETET_TESTALERT_H
#define OOBETET_TESTALERT_H

#include "oobetet/config/config.h"
#include "oobetet/selfexec.h"

/*
 * Prints one line per channel on standard output. The test has arrived when a room sent it back,
 * unless the room was created for it and not `create_rooms`; when PagerDuty accepted the trigger
 * and the resolve after it; when alert_command exited with 0. Ends when each channel has succeeded
 * or failed, when the time is over, on SIGTERM or SIGINT. True: all have arrived.
 */
bool test_alert_run(
	const struct config *config, const struct selfexec *selfexec, bool create_rooms);

#endif
