/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/suspend.h"

#include <stdatomic.h>
#include <stddef.h>

/*
 * Marks the end of a queue that is not empty. The connection that began it is not in it: it was
 * resumed at once.
 */
static struct suspended_request queue_end;

struct resume_queue *resume_queue_mine(struct resume_queue queues[RESUME_QUEUE_THREADS])
{
	static atomic_uint threads;
	static _Thread_local unsigned mine; /* 0: not known yet */

	if (mine == 0)
		mine = atomic_fetch_add(&threads, 1) + 1;
	return &queues[mine % RESUME_QUEUE_THREADS];
}

void resume_queue_resume(struct resume_queue *queue, struct suspended_request *suspended)
{
	struct suspended_request *before = atomic_load(&queue->suspended);

	do
		suspended->next = before;
	while (!atomic_compare_exchange_weak(
		&queue->suspended, &before, before == NULL ? &queue_end : suspended));
	if (before == NULL)
		MHD_resume_connection(suspended->connection);
}

void resume_queue_run(struct resume_queue *queue)
{
	if (atomic_load(&queue->suspended) == NULL)
		return;
	struct suspended_request *suspended = atomic_exchange(&queue->suspended, NULL);
	while (suspended != NULL && suspended != &queue_end) {
		struct suspended_request *next = suspended->next; /* it may be freed once resumed */

		MHD_resume_connection(suspended->connection);
		suspended = next;
	}
}
