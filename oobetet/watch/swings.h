/* SPDX-License-Identifier: MIT */
/*
 * How long a change of the port takes to its message: a problem is paired with the last time before
 * it that the port closed, a recovery with the last time that it opened. Only the first message of
 * a change counts. The change came between two readings; the middle is taken. A delay of more than
 * a period is counted from a later change, and so appears shorter. Pure; times are CLOCK_MONOTONIC.
 */
#ifndef OOBETET_WATCH_SWINGS_H
#define OOBETET_WATCH_SWINGS_H

#include "oobetet/watch/match.h"
#include "oobetet/watch/readings.h"

#include <stdint.h>

#define SWING_KINDS 2 /* problem and recovery */
#define SWING_BUCKETS 9

/* The upper bounds of the histogram, in seconds. */
extern const int swing_bounds[SWING_BUCKETS];

/* Begins as all zeros. */
struct swings {
	nsec heard[SWING_KINDS];  /* a message that waits for the next reading; 0: none */
	nsec paired[SWING_KINDS]; /* the last change that has its message, as it was first read */
	bool known[SWING_KINDS];
	nsec delay[SWING_KINDS];        /* known: of the last pair */
	uint64_t bucket[SWING_BUCKETS]; /* pairs within the bound, and above the one before */
	uint64_t count;                 /* all pairs */
	nsec sum;                       /* of their delays */
};

/* A message that counts. Other kinds are ignored. */
void swings_hear(struct swings *swings, enum kind kind, nsec stamp);

/*
 * After a reading at `at` was added to `port` (readings.h): pairs what came before it. A change
 * between readings further apart than `gap` is not known.
 */
void swings_read(struct swings *swings, const struct runs *port, nsec at, nsec gap);

#endif
