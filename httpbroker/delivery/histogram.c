/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/histogram.h"

static const nsec bounds[HISTOGRAM_BOUNDS] = {
	250000,
	500000,
	1 * NSEC_PER_MSEC,
	2500000,
	5 * NSEC_PER_MSEC,
	10 * NSEC_PER_MSEC,
	25 * NSEC_PER_MSEC,
	50 * NSEC_PER_MSEC,
	100 * NSEC_PER_MSEC,
	250 * NSEC_PER_MSEC,
	500 * NSEC_PER_MSEC,
	1 * NSEC_PER_SEC,
	2500 * NSEC_PER_MSEC,
	5 * NSEC_PER_SEC,
};

nsec histogram_bound(unsigned number)
{
	return bounds[number];
}

void histogram_add(struct histogram *histogram, nsec took)
{
	unsigned number = 0;

	while (number < HISTOGRAM_BOUNDS && took > bounds[number])
		number++;
	atomic_fetch_add_explicit(&histogram->counts[number], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, (uint64_t)took, memory_order_relaxed);
}
