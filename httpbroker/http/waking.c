/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/waking.h"

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
