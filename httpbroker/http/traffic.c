/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/traffic.h"

void traffic_init(struct traffic *traffic)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&traffic->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&traffic->none, &attributes);
	pthread_condattr_destroy(&attributes);
	atomic_init(&traffic->under_way, 0);
	atomic_init(&traffic->draining, false);
}

void traffic_enter(struct traffic *traffic)
{
	atomic_fetch_add(&traffic->under_way, 1);
}

/* Whoever drains has said so before it looks: it sees the zero, or we see that it drains. */
void traffic_leave(struct traffic *traffic)
{
	if (atomic_fetch_sub(&traffic->under_way, 1) > 1 || !atomic_load(&traffic->draining))
		return;
	pthread_mutex_lock(&traffic->lock);
	pthread_cond_signal(&traffic->none);
	pthread_mutex_unlock(&traffic->lock);
}

void traffic_close(struct traffic *traffic)
{
	atomic_store(&traffic->draining, true);
}

void traffic_drain(struct traffic *traffic, nsec patience)
{
	nsec end = clock_monotonic() + patience;
	struct timespec until;

	clock_timeout(0, end, &until);
	pthread_mutex_lock(&traffic->lock);
	while (atomic_load(&traffic->under_way) > 0 &&
		pthread_cond_timedwait(&traffic->none, &traffic->lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&traffic->lock);
}

bool traffic_is_draining(struct traffic *traffic)
{
	return atomic_load(&traffic->draining);
}
