/* SPDX-License-Identifier: MIT */
/*
 * A timing wheel: which state is to be looked at next, because its repeat is due or its time to
 * live runs out. Every state sits in the slot of its next due time; putting, moving and taking
 * one costs the same however many there are. What is due is given out within WHEEL_TICK.
 */
#ifndef HTTPBROKER_CHECKS_WHEEL_H
#define HTTPBROKER_CHECKS_WHEEL_H

#include "httpbroker/checks/checks.h"

#define WHEEL_TICK (10 * NSEC_PER_MSEC)

enum { WHEEL_SLOTS = 4096 }; /* what lies further ahead than these is looked at once a turn */

struct wheel;

struct wheel *wheel_new(nsec now);
void wheel_free(struct wheel *wheel);

/* When the state is due: its next repeat, or before that the moment it goes stale. */
nsec wheel_due(const struct check *check);

/* Puts in a state that is not there. */
void wheel_put(struct wheel *wheel, struct check *check);

/* Puts it where it belongs after its due time has changed. */
void wheel_move(struct wheel *wheel, struct check *check);

/* Takes it out. */
void wheel_remove(struct wheel *wheel, struct check *check);

/* Takes out a state that is due, the earliest first (to a tick); NULL: none is. */
struct check *wheel_take(struct wheel *wheel, nsec now);

/* When wheel_take() is worth calling again; NSEC_NEVER if nothing is there. */
nsec wheel_next(struct wheel *wheel);

/* How many states share the slot of this time. */
unsigned wheel_crowd(const struct wheel *wheel, nsec due);

#endif
