/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/waking.h"

#include <stdatomic.h>
#include <stddef.h>

/* Stands at the end of the list: one connection, which is not in it, was resumed. */
static struct sleeper first;

struct waking *waking_mine(struct waking wakings[WAKING_THREADS])
{
	static atomic_uint threads;
	static _Thread_local unsigned mine; /* 0: not known yet */

	if (mine == 0)
		mine = atomic_fetch_add(&threads, 1) + 1;
	return &wakings[mine % WAKING_THREADS];
}

void waking_resume(struct waking *waking, struct sleeper *sleeper)
{
	struct sleeper *before = atomic_load(&waking->sleepers);

	do
		sleeper->next = before;
	while (!atomic_compare_exchange_weak(
		&waking->sleepers, &before, before == NULL ? &first : sleeper));
	if (before == NULL)
		MHD_resume_connection(sleeper->connection);
}

/* Once it is resumed, a sleeper may be gone. */
void waking_go_on(struct waking *waking)
{
	if (atomic_load(&waking->sleepers) == NULL)
		return;
	struct sleeper *sleeper = atomic_exchange(&waking->sleepers, NULL);
	while (sleeper != NULL && sleeper != &first) {
		struct sleeper *next = sleeper->next;

		MHD_resume_connection(sleeper->connection);
		sleeper = next;
	}
}
