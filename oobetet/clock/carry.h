/* SPDX-License-Identifier: MIT */
/* A notice in the words of each who carries it: the ear's, the pager's, the command's. */
#ifndef OOBETET_CLOCK_CARRY_H
#define OOBETET_CLOCK_CARRY_H

#include "oobetet/clock/command.h"
#include "oobetet/clock/hand.h"
#include "oobetet/clock/notice.h"

/* `id` names it in the answer, of the hand or in the command's outcome. */
void send_to_room(struct worker *xmpp, const char *room, const char *text, const char *id);
void send_to_pagerduty(struct worker *http, const struct target *target,
	const struct notification *notification, const char *id);

/* False: the command still runs with what it was given before. */
bool send_to_command(struct command *command, const struct target *target,
	const struct notification *notification, const char *id, nsec now);

#endif
