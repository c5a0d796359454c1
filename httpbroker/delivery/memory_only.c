/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/memory_only.h"

#include "common/log.h"

#include <poll.h>

static void memory_only_work(const struct memory_only *memory_only, struct moment now)
{
	pending_add(
		memory_only->pending, submissions_take(memory_only->submissions), now.monotonic);
	pending_apply(memory_only->pending, now);
	engine_run(memory_only->core->engine, false, now);
	pending_committed(memory_only->pending);
}

static void memory_only_sleep(const struct memory_only *memory_only)
{
	struct pollfd fd = {.fd = submissions_fd(memory_only->submissions), .events = POLLIN};
	struct timespec timeout;
	nsec next = nsec_earlier(engine_next(memory_only->core->engine, false),
		pending_deadline(memory_only->pending));

	next = nsec_earlier(next, atomic_load(memory_only->stop_at));
	if (next != 0 && !submissions_listen(memory_only->submissions))
		return;
	if (ppoll(&fd, 1, clock_timeout(clock_monotonic(), next, &timeout), NULL) > 0)
		submissions_clear_wake(memory_only->submissions);
}

static void status_tell(const struct memory_only *memory_only)
{
	struct delivery_status status = status_read(memory_only->board);

	status.role = DELIVERY_ACTIVE;
	status.memory_only = true;
	status.redis_why[0] = '\0';
	status_publish(memory_only->board, &status);
}

void memory_only_run(const struct memory_only *memory_only)
{
	log_info("without Redis: states are in memory only, and nobody is told of them");
	status_tell(memory_only);
	do {
		memory_only_sleep(memory_only);
		memory_only_work(memory_only, moment_now());
	} while (atomic_load(memory_only->stop_at) == NSEC_NEVER);
	do
		memory_only_work(memory_only, moment_now());
	while (!pending_is_empty(memory_only->pending));
}
