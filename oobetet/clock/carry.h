/* SPDX-License-Identifier: MIT */
/* A notice in the words of each who carries it: the ear's, the pager's, the command's. */
#ifndef OOBETET_CLOCK_CARRY_H
#define OOBETET_CLOCK_CARRY_H

#include "oobetet/clock/command.h"
#include "oobetet/clock/hand.h"
#include "oobetet/clock/notice.h"

/* `id` names it in the answer, of the hand or in the command's outcome. */
void carry_to_room(struct hand *ear, const char *room, const char *text, const char *id);
void carry_to_pagerduty(struct hand *pager, const struct subject *subject,
	const struct notice *notice, const char *id);

/* False: the command still runs with what it was given before. */
bool carry_to_command(struct command *command, const struct subject *subject,
	const struct notice *notice, const char *id, nsec now);

#endif
