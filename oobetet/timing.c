/* SPDX-License-Identifier: MIT */
#include "oobetet/timing.h"

/* A fraction of max_latency within bounds, in milliseconds. */
static nsec share(nsec max_latency, int part, nsec min, nsec max)
{
	nsec value = max_latency / part;

	if (value < min * NSEC_PER_MSEC)
		return min * NSEC_PER_MSEC;
	return value > max * NSEC_PER_MSEC ? max * NSEC_PER_MSEC : value;
}

struct timing timing_of(nsec max_latency)
{
	return (struct timing){
		.alive = share(max_latency, 60, 500, 5000),
		.timeout = share(max_latency, 10, 5000, 30000),
		.login = share(max_latency, 10, 10000, 30000),
		.ping = share(max_latency, 10, 1000, 30000),
		.answer = share(max_latency, 20, 1000, 15000),
		.request = share(max_latency, 20, 5000, 15000),
		.retry_min = share(max_latency, 300, 250, 1000),
		.retry_max = share(max_latency, 10, 1000, 60000),
		.probe = share(max_latency, 60, 1000, INT64_MAX / NSEC_PER_MSEC),
		.probe_limit = share(max_latency, 60, 1000, 5000),
		.record = share(max_latency, 30, 500, 10000),
	};
}
