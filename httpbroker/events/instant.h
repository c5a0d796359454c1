/* SPDX-License-Identifier: MIT */
/*
 * When an event was: to the millisecond where this broker has set the time, to the second where a
 * client or a service has said it.
 */
#ifndef HTTPBROKER_EVENTS_INSTANT_H
#define HTTPBROKER_EVENTS_INSTANT_H

#include "common/clocks.h"

#include <stdint.h>

struct instant {
	int64_t seconds;   /* since the epoch */
	uint16_t fraction; /* milliseconds of that second, plus 1; 0: not known */
};

/* A time on the wall clock. */
struct instant instant_of(nsec wall);

/*
 * Less than, equal to or greater than 0, as `one` is before, at the same time as, or after `other`.
 * If only the second is known of either, seconds are compared.
 */
int instant_compare(struct instant one, struct instant other);

#endif
