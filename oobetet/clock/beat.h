/* SPDX-License-Identifier: MIT */
/*
 * When to fetch heartbeat_url, which tells another watcher that this one lives: each interval,
 * as long as we are in all our rooms. Pure.
 */
#ifndef OOBETET_CLOCK_BEAT_H
#define OOBETET_CLOCK_BEAT_H

#include "common/clocks.h"
#include "oobetet/config/list.h"

#include <stdbool.h>

struct beat;

/* In none of `rooms`, which stays valid. NULL is a beat that is never due. */
struct beat *beat_new(const struct text_list *rooms, nsec interval);
void beat_free(struct beat *beat);

/* Not before `start`. */
void beat_hold(struct beat *beat, nsec start);

/* What the ear says; lost: it is gone, and out of all rooms. */
void beat_joined(struct beat *beat, const char *room);
void beat_left(struct beat *beat, const char *room);
void beat_lost(struct beat *beat);

/* Is it time? The next time is an interval later; what was missed is not made up for. */
bool beat_due(struct beat *beat, nsec now);
nsec beat_deadline(const struct beat *beat);

#endif
