/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/alone.h"

#include "common/log.h"

#include <poll.h>

static void alone_work(const struct alone *alone, struct moment now)
{
	desk_take(alone->desk, inbox_take(alone->inbox), now.monotonic);
	desk_judge(alone->desk, now);
	ledger_turn(alone->books->ledger, false, now);
	desk_commit(alone->desk);
}

static void alone_sleep(const struct alone *alone)
{
	struct pollfd fd = {.fd = inbox_fd(alone->inbox), .events = POLLIN};
	struct timespec timeout;
	nsec next =
		nsec_earlier(ledger_next(alone->books->ledger, false), desk_deadline(alone->desk));

	next = nsec_earlier(next, atomic_load(alone->stop_at));
	if (next != 0 && !inbox_listen(alone->inbox))
		return;
	if (ppoll(&fd, 1, clock_timeout(clock_monotonic(), next, &timeout), NULL) > 0)
		inbox_awake(alone->inbox);
}

static void status_tell(const struct alone *alone)
{
	struct delivery_status status = status_read(alone->board);

	status.role = DELIVERY_ACTIVE;
	status.alone = true;
	status.redis_why[0] = '\0';
	status_publish(alone->board, &status);
}

void alone_run(const struct alone *alone)
{
	log_info("without Redis: states are in memory only, and nobody is told of them");
	ledger_tell_nobody(alone->books->ledger);
	status_tell(alone);
	do {
		alone_sleep(alone);
		alone_work(alone, moment_now());
	} while (atomic_load(alone->stop_at) == NSEC_NEVER);
	do
		alone_work(alone, moment_now());
	while (!desk_is_empty(alone->desk));
}
