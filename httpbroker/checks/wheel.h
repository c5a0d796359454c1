/* SPDX-License-Identifier: MIT */
/*
 * A timing wheel: which check is due next, for its repeat or because its ttl expires. Each check is
 * in the slot of its due time; every operation takes constant time. A due check is returned within
 * WHEEL_TICK.
 */
#ifndef HTTPBROKER_CHECKS_WHEEL_H
#define HTTPBROKER_CHECKS_WHEEL_H

#include "httpbroker/checks/checks.h"

#define WHEEL_TICK (10 * NSEC_PER_MSEC)

enum { WHEEL_SLOTS = 4096 }; /* checks due later than these are visited once a turn */

struct wheel;

struct wheel *wheel_new(nsec now);
void wheel_free(struct wheel *wheel);

/* The earlier of the next repeat and the deadline; a stale check has only the repeat. */
nsec wheel_due(const struct check *check);

/* Adds a check that is not in the wheel. */
void wheel_put(struct wheel *wheel, struct check *check);

/* Call it after the due time has changed. */
void wheel_move(struct wheel *wheel, struct check *check);

void wheel_remove(struct wheel *wheel, struct check *check);

/* Removes and returns the check that is due first (to a tick); NULL: none is due. */
struct check *wheel_take(struct wheel *wheel, nsec now);

/* When wheel_take() may return a check; NSEC_NEVER: the wheel is empty. */
nsec wheel_next(struct wheel *wheel);

/* How many checks are in the slot of this time. */
unsigned wheel_crowd(const struct wheel *wheel, nsec due);

#endif
