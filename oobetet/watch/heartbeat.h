/* SPDX-License-Identifier: MIT */
/*
 * When to fetch heartbeat_url, which tells another watcher that this one lives: each interval,
 * as long as we are in all our rooms. Pure.
 */
#ifndef OOBETET_WATCH_HEARTBEAT_H
#define OOBETET_WATCH_HEARTBEAT_H

#include "common/clocks.h"
#include "oobetet/config/config.h"

#include <stdbool.h>

struct heartbeat;

/* In none of `rooms`, which stays valid. NULL is a beat that is never due. */
struct heartbeat *heartbeat_new(const struct text_list *rooms, nsec interval);
void heartbeat_free(struct heartbeat *heartbeat);

/* Not before `start`. */
void heartbeat_hold(struct heartbeat *heartbeat, nsec start);

/* What the ear says; lost: it is gone, and out of all rooms. */
void heartbeat_joined(struct heartbeat *heartbeat, const char *room);
void heartbeat_left(struct heartbeat *heartbeat, const char *room);
void heartbeat_lost(struct heartbeat *heartbeat);

/* Is it time? The next time is an interval later; what was missed is not made up for. */
bool heartbeat_due(struct heartbeat *heartbeat, nsec now);
nsec heartbeat_deadline(const struct heartbeat *heartbeat);

#endif
