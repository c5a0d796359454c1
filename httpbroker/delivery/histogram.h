/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations from 0.25 ms to 5 s. Any thread adds and reads without a lock: counts
 * that are read together may differ by what is being added.
 */
#ifndef HTTPBROKER_DELIVERY_HISTOGRAM_H
#define HTTPBROKER_DELIVERY_HISTOGRAM_H

#include "common/clocks.h"

#include <stdatomic.h>

enum { HISTOGRAM_BOUNDS = 14 };

/* All zero at first. */
struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last is beyond all bounds */
	_Atomic uint64_t sum;                          /* nanoseconds */
};

void histogram_add(struct histogram *histogram, nsec took);

/* The inclusive upper bound of the n-th count. */
nsec histogram_bound(unsigned number);

#endif
