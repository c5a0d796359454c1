/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inside.h"

#include "common/log.h"
#include "common/number.h"

#include <inttypes.h>

/* The inbox is closed now, but was not yet emptied for the last time. */
static void stopping_begin(struct delivery *delivery)
{
	struct moment now = moment_now();

	delivery->stopping = true;
	delivery->last_failures = link_failures(delivery->link);
	link_hurry(delivery->link, now.monotonic);
	delivery_retry(delivery);
	pending_take(delivery->pending, submissions_take(delivery->submissions), now.monotonic);
	delivery_work(delivery, now);
}

/* Whether there is nothing but what Redis refuses. */
static bool is_refused(const struct outbox *outbox)
{
	return outbox_refused(outbox) != 0 && !outbox_waits(outbox);
}

/* Whether everything that was accepted is where it belongs. */
static bool all_is_done(const struct delivery *delivery)
{
	if (!is_active(delivery))
		return accepted_count(delivery->accepted) == 0 &&
		       pending_is_empty(delivery->pending);
	return pending_is_empty(delivery->pending) &&
	       (outbox_is_empty(delivery->books.outbox) || is_refused(delivery->books.outbox));
}

/* Then the lease is given up, so that a broker that stands by need not wait until it runs out. */
static bool release_is_over(struct delivery *delivery)
{
	if (!is_active(delivery) || session_released(session_of(delivery)))
		return true;
	if (!delivery->releasing && session_ready(session_of(delivery))) {
		link_release(delivery->link, moment_now());
		delivery->releasing = true;
	}
	return false;
}

bool delivery_is_over(struct delivery *delivery, nsec now)
{
	nsec stop_at = atomic_load(&delivery->stop_at);

	if (stop_at == NSEC_NEVER)
		return false;
	if (!delivery->stopping)
		stopping_begin(delivery);
	return now >= stop_at || link_failures(delivery->link) != delivery->last_failures ||
	       (all_is_done(delivery) && release_is_over(delivery));
}

static void loss_tell(const struct delivery *delivery)
{
	struct watermarks made = outbox_watermarks(delivery->books.outbox);
	struct watermarks done = outbox_done(delivery->books.outbox);
	uint64_t events = made.pushes - done.pushes + accepted_unjudged(delivery->accepted);
	uint64_t checks = made.records - done.records;

	if (delivery->books.persistent)
		checks += accepted_unjudged_checks(delivery->accepted);
	if (accepted_unjudged(delivery->accepted) > 0 || !watermarks_reached(&done, &made))
		log_error("stopping %s: %" PRIu64 " event%s %s not delivered and %" PRIu64
			  " state%s not written",
			is_refused(delivery->books.outbox) && link_serves(delivery->link)
				? "while Redis refuses some of it"
				: "without Redis",
			events, number_plural(events), events == 1 ? "was" : "were", checks,
			number_plural(checks));
}

void delivery_finish(struct delivery *delivery)
{
	pending_take(delivery->pending, submissions_take(delivery->submissions), clock_monotonic());
	loss_tell(delivery);
	pending_drop(delivery->pending, "the broker is stopping");
}
