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
	traffic->under_way = 0;
	traffic->draining = false;
}

void traffic_enter(struct traffic *traffic)
{
	pthread_mutex_lock(&traffic->lock);
	traffic->under_way++;
	pthread_mutex_unlock(&traffic->lock);
}

void traffic_leave(struct traffic *traffic)
{
	pthread_mutex_lock(&traffic->lock);
	if (--traffic->under_way == 0)
		pthread_cond_signal(&traffic->none);
	pthread_mutex_unlock(&traffic->lock);
}

void traffic_close(struct traffic *traffic)
{
	pthread_mutex_lock(&traffic->lock);
	traffic->draining = true;
	pthread_mutex_unlock(&traffic->lock);
}

void traffic_drain(struct traffic *traffic, nsec patience)
{
	nsec end = clock_monotonic() + patience;
	struct timespec until;

	clock_timeout(0, end, &until);
	pthread_mutex_lock(&traffic->lock);
	while (traffic->under_way > 0 &&
		pthread_cond_timedwait(&traffic->none, &traffic->lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&traffic->lock);
}

bool traffic_is_draining(struct traffic *traffic)
{
	pthread_mutex_lock(&traffic->lock);
	bool draining = traffic->draining;
	pthread_mutex_unlock(&traffic->lock);
	return draining;
}
