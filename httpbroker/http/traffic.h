/* SPDX-License-Identifier: MIT */
/* How many requests are under way, so that stopping can wait for them. */
#ifndef HTTPBROKER_HTTP_TRAFFIC_H
#define HTTPBROKER_HTTP_TRAFFIC_H

#include "common/clocks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct traffic {
	atomic_uint under_way;
	atomic_bool draining;
	pthread_mutex_t lock; /* of those who wait for what follows */
	pthread_cond_t none;  /* while it is draining, under_way has become zero */
};

void traffic_init(struct traffic *traffic);

/* A request has begun; it is over. */
void traffic_enter(struct traffic *traffic);
void traffic_leave(struct traffic *traffic);

/* From now on it is draining: every answer is the last of its connection. */
void traffic_close(struct traffic *traffic);

/* After that: waits until nothing is under way, but no longer than `patience`. */
void traffic_drain(struct traffic *traffic, nsec patience);
bool traffic_is_draining(struct traffic *traffic);

#endif
