/* SPDX-License-Identifier: MIT */
/*
 * The delivery thread without Redis (--server none). Events are applied, kept in memory and go
 * stale as ever. Records are dropped. Pushes are dropped as well, so that what is applied is as
 * good as committed; or, with an output, they are committed when that has taken them.
 */
#include "common/log.h"
#include "common/number.h"
#include "httpbroker/delivery/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/eventfd.h>

static uint64_t events_waiting(const struct delivery *delivery)
{
	struct watermarks made = outbox_watermarks(delivery->core.outbox);
	struct watermarks done = outbox_done(delivery->core.outbox);

	return made.pushes - done.pushes;
}

static bool output_is_down(const struct delivery *delivery)
{
	return output_is_away(delivery->output) || output_is_broken(delivery->output);
}

static bool repeats_go(const struct delivery *delivery)
{
	return delivery->output != NULL && !output_is_down(delivery);
}

static void output_status(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	bool up = !output_is_down(delivery);

	if (up != status->output_up)
		status->output_since = now;
	status->output_up = up;
	status->output_why[0] = '\0';
	if (!up)
		snprintf(status->output_why, sizeof status->output_why, "%.100s: %s",
			output_name(delivery->output), output_why(delivery->output));
	status->repeats_paused = !up;
	status->pending = events_waiting(delivery) + pending_count(delivery->pending);
	delivery_status_publish(delivery);
}

static void output_write(struct delivery *delivery, nsec now)
{
	struct outbox *outbox = delivery->core.outbox;
	uint64_t before = outbox_done(outbox).pushes;

	if (atomic_exchange(&delivery->reopen, false))
		output_reopen(delivery->output);
	while (output_step(delivery->output, now)) {
		if (delivery->writing != NULL)
			outbox_applied(outbox, delivery->writing);
		delivery->writing = outbox_take(outbox, 0);
		if (delivery->writing == NULL)
			break;
		output_put(delivery->output, &delivery->writing->pushes, now);
	}
	delivery->status.pushed += outbox_done(outbox).pushes - before;
}

/* The program ends, with another exit status than after a signal. */
static void reader_lost(struct delivery *delivery)
{
	pending_drop(delivery->pending, "the reader of the broker's output has gone");
	eventfd_write(delivery->ended_fd, 1);
}

static void output_work(struct delivery *delivery, struct moment now)
{
	output_write(delivery, now.monotonic);
	delivery_committed(delivery);
	if (output_is_broken(delivery->output))
		reader_lost(delivery);
	else
		pending_accept(delivery->pending,
			output_is_away(delivery->output) && !delivery->stopping, NULL,
			now.monotonic);
	output_status(delivery, now.monotonic);
}

static void work(struct delivery *delivery, struct moment now)
{
	pending_add(delivery->pending, submissions_take(delivery->submissions), now.monotonic);
	pending_apply(delivery->pending, now);
	delivery->status.repeats += engine_run(delivery->core.engine, repeats_go(delivery), now);
	if (delivery->output != NULL)
		output_work(delivery, now);
	delivery_committed(delivery);
}

static nsec next_work(const struct delivery *delivery)
{
	nsec next = nsec_earlier(engine_next(delivery->core.engine, repeats_go(delivery)),
		pending_deadline(delivery->pending));

	if (delivery->output != NULL)
		next = nsec_earlier(next, output_deadline(delivery->output));
	return nsec_earlier(next, atomic_load(&delivery->stop_at));
}

/* Waits for a submission, the output or the next deadline. */
static void wait(struct delivery *delivery)
{
	struct pollfd fds[2] = {
		{.fd = submissions_fd(delivery->submissions), .events = POLLIN}, {.fd = -1}};
	struct timespec timeout;
	nsec next = next_work(delivery);

	if (next != 0 && !submissions_listen(delivery->submissions))
		return;
	if (delivery->output != NULL)
		fds[1] = output_poll(delivery->output);
	if (ppoll(fds, 2, clock_timeout(clock_monotonic(), next, &timeout), NULL) > 0 &&
		fds[0].revents != 0)
		submissions_clear_wake(delivery->submissions);
}

static void begin(struct delivery *delivery)
{
	const char *name = delivery->output != NULL ? output_name(delivery->output) : "";

	log_info("without Redis: states are in memory only, and %s%s",
		delivery->output != NULL ? "events are written to "
					 : "nothing is pushed to a queue",
		name);
	delivery->status.role = DELIVERY_ACTIVE;
	delivery->status.memory_only = true;
	delivery->status.redis_why[0] = '\0';
	delivery->status.output = delivery->output != NULL;
	delivery->status.output_up = true;
	delivery->status.output_since = clock_monotonic();
	delivery_status_publish(delivery);
}

/* Applies the last submissions, and waits until the output has taken their events. */
static void finish(struct delivery *delivery)
{
	delivery->stopping = true;
	work(delivery, moment_now());
	while (delivery->output != NULL && events_waiting(delivery) > 0 &&
		!output_is_down(delivery) && clock_monotonic() < atomic_load(&delivery->stop_at)) {
		wait(delivery);
		work(delivery, moment_now());
	}
	while (!pending_is_empty(delivery->pending)) /* an entity to forget is searched in steps */
		work(delivery, moment_now());
	uint64_t lost = delivery->output != NULL ? events_waiting(delivery) : 0;
	if (lost > 0)
		log_error("stopping: %" PRIu64 " event%s %s not written to %s", lost,
			number_plural(lost), lost == 1 ? "was" : "were",
			output_name(delivery->output));
	pending_drop(delivery->pending, "the broker is stopping");
}

void *delivery_memory_only(void *argument)
{
	struct delivery *delivery = argument;

	begin(delivery);
	do {
		wait(delivery);
		work(delivery, moment_now());
		atomic_store(&delivery->rounds, true);
	} while (atomic_load(&delivery->stop_at) == NSEC_NEVER);
	finish(delivery);
	return NULL;
}
