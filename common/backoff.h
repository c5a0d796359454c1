/* SPDX-License-Identifier: MIT */
/*
 * The wait before a retry: it doubles from `min` to `max`, with jitter, so that clients that lost
 * the same peer do not reconnect at once.
 */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include "common/clocks.h"

struct backoff {
	nsec min;  /* the first wait */
	nsec max;  /* no wait is longer */
	nsec next; /* the next wait before jitter; 0: start at min */
};

/* The next wait, less up to a quarter of it in proportion to `chance`, a random number. */
nsec backoff_wait(struct backoff *backoff, uint32_t chance);

/* After a success: the next wait is `min`. */
void backoff_reset(struct backoff *backoff);

#endif
