/* SPDX-License-Identifier: MIT */
/* How many requests are under way, so that stopping can wait for them. */
#ifndef HTTPBROKER_HTTP_TRAFFIC_H
#define HTTPBROKER_HTTP_TRAFFIC_H

#include "common/clocks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct in_flight {
	atomic_uint under_way;
	atomic_bool draining;
	pthread_mutex_t lock; /* of those who wait for what follows */
	pthread_cond_t none;  /* while it is draining, under_way has become zero */
};

void in_flight_init(struct in_flight *in_flight);

/* A request has begun; it is over. */
void in_flight_enter(struct in_flight *in_flight);
void in_flight_leave(struct in_flight *in_flight);

/* From now on it is draining: every answer is the last of its connection. */
void in_flight_close(struct in_flight *in_flight);

/* After that: waits until nothing is under way, but no longer than `patience`. */
void in_flight_drain(struct in_flight *in_flight, nsec patience);
bool in_flight_is_draining(struct in_flight *in_flight);

#endif
