/* SPDX-License-Identifier: MIT */
/*
 * How long something took, counted in ranges from a quarter of a millisecond to five seconds. Any
 * thread may add and read, and nobody waits: figures that are read together may differ by what is
 * being added meanwhile.
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

/* Up to which time, itself included, the n-th of the counts reaches. */
nsec histogram_bound(unsigned number);

#endif
