/* SPDX-License-Identifier: MIT */
/*
 * How long to wait before trying again: doubling from `min` to `max`, with jitter so that many
 * who lost the same peer do not come back in step. Pure: the caller brings the chance.
 */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include "common/clocks.h"

struct backoff {
	nsec min;  /* the first wait */
	nsec max;  /* no wait is longer */
	nsec next; /* the next wait before jitter; 0: start at min */
};

/* The wait before the next attempt: the step less up to a quarter of it, by `chance`. */
nsec backoff_wait(struct backoff *backoff, uint32_t chance);

/* It worked: the next failure starts at min again. */
void backoff_reset(struct backoff *backoff);

#endif
