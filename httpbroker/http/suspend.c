/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/suspend.h"

#include <stdatomic.h>
#include <stddef.h>

/* Stands at the end of the list: one connection, which is not in it, was resumed. */
static struct suspended_request first;

struct queue *resume_queue_mine(struct queue resume_queues[RESUME_QUEUE_THREADS])
{
	static atomic_uint threads;
	static _Thread_local unsigned mine; /* 0: not known yet */

	if (mine == 0)
		mine = atomic_fetch_add(&threads, 1) + 1;
	return &resume_queues[mine % RESUME_QUEUE_THREADS];
}

void resume_queue_resume(struct queue *queue, struct suspended_request *suspended_request)
{
	struct suspended_request *before = atomic_load(&queue->suspended);

	do
		suspended_request->next = before;
	while (!atomic_compare_exchange_weak(
		&queue->suspended, &before, before == NULL ? &first : suspended_request));
	if (before == NULL)
		MHD_resume_connection(suspended_request->connection);
}

/* Once it is resumed, a sleeper may be gone. */
void resume_queue_run(struct queue *queue)
{
	if (atomic_load(&queue->suspended) == NULL)
		return;
	struct suspended_request *suspended_request = atomic_exchange(&queue->suspended, NULL);
	while (suspended_request != NULL && suspended_request != &first) {
		struct suspended_request *next = suspended_request->next;

		MHD_resume_connection(suspended_request->connection);
		suspended_request = next;
	}
}

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
