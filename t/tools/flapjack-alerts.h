/* SPDX-License-Identifier: MIT */
/*
 * When Flapjack sends a message to its room, and its text. Pure: the time is an argument. It has
 * these of Flapjack's rules: a failure is sent when it has lasted for the initial failure delay, on
 * the next event after that; then again only when the check's state changes; a recovery is sent if
 * its failure was; an acknowledged failure is not sent. Repeats (by default none within a minute),
 * maintenance, rollup and media intervals are left out.
 */
#ifndef T_TOOLS_FLAPJACK_ALERTS_H
#define T_TOOLS_FLAPJACK_ALERTS_H

#include "t/tools/flapjack-event.h"

struct alerts;

struct alerts *alerts_new(enum flapjack_version version, nsec failure_delay);

/* The message for the event, to be freed; NULL: none. */
char *alerts_take(struct alerts *alerts, const struct flapjack_event *event, nsec now);

void alerts_free(struct alerts *alerts);

/* `OK`, `Warning`, … as Flapjack writes it. */
const char *check_state_name(enum check_state state);

/* The check's name as that version shows it, to be freed: `entity:check`. */
char *check_name(enum flapjack_version version, const struct flapjack_event *event);

#endif
