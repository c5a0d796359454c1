/* SPDX-License-Identifier: MIT */
/*
 * What a check was in the last 24 hours: 48 half-hours of 2 bits, the worst of each. Half-hours are
 * counted on the monotonic clock. Pure.
 */
#ifndef HTTPBROKER_CHECKS_HISTORY_H
#define HTTPBROKER_CHECKS_HISTORY_H

#include "common/clocks.h"

#include <stdint.h>

enum { HISTORY_SLOTS = 48, HISTORY_TEXT = HISTORY_SLOTS + 1 };

#define HISTORY_SLOT (1800 * NSEC_PER_SEC)

enum history_level {
	HISTORY_NONE, /* nothing is known */
	HISTORY_OK,
	HISTORY_TROUBLE, /* warning or unknown */
	HISTORY_CRITICAL,
};

/* All zero at first. */
struct history {
	uint32_t slot;                   /* the number of the newest half-hour */
	uint8_t bits[HISTORY_SLOTS / 4]; /* half-hour N is at N % HISTORY_SLOTS */
	uint8_t level;                   /* since the last change */
};

/* The check has this level from now on. */
void history_add(struct history *history, enum history_level level, nsec now);

/* A digit for each half-hour, the oldest first, and a NUL. */
void history_text(const struct history *history, nsec now, char out[HISTORY_TEXT]);

#endif
