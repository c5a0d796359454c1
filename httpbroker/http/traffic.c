/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/traffic.h"

void in_flight_init(struct in_flight *in_flight)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&in_flight->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&in_flight->none, &attributes);
	pthread_condattr_destroy(&attributes);
	atomic_init(&in_flight->under_way, 0);
	atomic_init(&in_flight->draining, false);
}

void in_flight_enter(struct in_flight *in_flight)
{
	atomic_fetch_add(&in_flight->under_way, 1);
}

/* Whoever drains has said so before it looks: it sees the zero, or we see that it drains. */
void in_flight_leave(struct in_flight *in_flight)
{
	if (atomic_fetch_sub(&in_flight->under_way, 1) > 1 || !atomic_load(&in_flight->draining))
		return;
	pthread_mutex_lock(&in_flight->lock);
	pthread_cond_signal(&in_flight->none);
	pthread_mutex_unlock(&in_flight->lock);
}

void in_flight_close(struct in_flight *in_flight)
{
	atomic_store(&in_flight->draining, true);
}

void in_flight_drain(struct in_flight *in_flight, nsec patience)
{
	nsec end = clock_monotonic() + patience;
	struct timespec until;

	clock_timeout(0, end, &until);
	pthread_mutex_lock(&in_flight->lock);
	while (atomic_load(&in_flight->under_way) > 0 &&
		pthread_cond_timedwait(&in_flight->none, &in_flight->lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&in_flight->lock);
}

bool in_flight_is_draining(struct in_flight *in_flight)
{
	return atomic_load(&in_flight->draining);
}
