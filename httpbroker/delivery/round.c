/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inside.h"

#include "common/log.h"

#include <poll.h>
#include <stdio.h>

static bool repeats_go(const struct delivery *delivery)
{
	return is_active(delivery) && link_serves(delivery->link) &&
	       !delivery->backpressure.paused &&
	       (outbox_refused(delivery->books.outbox) & COMMIT_PUSHES) == 0;
}

void delivery_retry(struct delivery *delivery)
{
	outbox_retry(delivery->books.outbox);
	delivery->retry_at = NSEC_NEVER;
}

bool delivery_rewrites(const struct delivery *delivery)
{
	return delivery->rewrite < CHECKS_SHARDS ||
	       outbox_done(delivery->books.outbox).records < delivery->rewritten;
}

/* One shard at a time that has any states, when the records of the one before are written. */
static void rewrite_work(struct delivery *delivery)
{
	struct outbox *outbox = delivery->books.outbox;

	while (delivery->rewrite < CHECKS_SHARDS &&
		outbox_done(outbox).records >= delivery->rewritten) {
		engine_rewrite(delivery->books.engine, delivery->rewrite++);
		delivery->rewritten = outbox_watermarks(outbox).records;
	}
}

static void active_work(struct delivery *delivery, struct moment now)
{
	loader_prefetch_none(delivery->loader);
	handoff_judge(&delivery->handoff, &delivery->books, delivery->loader, now);
	if (delivery->handoff.settled)
		pending_judge(delivery->pending, now);
	if (now.monotonic >= delivery->retry_at)
		delivery_retry(delivery);
	delivery->status.repeats += engine_turn(delivery->books.engine, repeats_go(delivery), now);
	rewrite_work(delivery);
}

static void count_work(struct delivery *delivery, nsec now)
{
	if (now < delivery->count_at)
		return;
	log_debug("Number of cached states: %zu", checks_count(delivery->books.checks));
	delivery->count_at = now + delivery->books.interval;
}

static enum delivery_role role_of(const struct delivery *delivery)
{
	static const enum delivery_role roles[] = {
		[SESSION_STARTS] = DELIVERY_STARTS,
		[SESSION_ACTIVE] = DELIVERY_ACTIVE,
		[SESSION_STANDS_BY] = DELIVERY_STANDS_BY,
	};

	return roles[session_role(session_of(delivery))];
}

static void redis_look(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	bool up = !link_away(delivery->link) && status->role != DELIVERY_STARTS;

	if (up != status->redis_up)
		status->redis_since = now;
	status->redis_up = up;
	snprintf(status->redis_why, sizeof status->redis_why, "%s",
		up ? "" : link_why(delivery->link));
}

static void status_work(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	struct watermarks made = outbox_watermarks(delivery->books.outbox);
	struct watermarks done = outbox_done(delivery->books.outbox);
	enum delivery_role role = role_of(delivery);

	if (role != status->role)
		status->role_since = now;
	status->role = role;
	status->outlived_at = session_outlived_at(session_of(delivery));
	redis_look(delivery, now);
	status->repeats_paused = delivery->backpressure.paused;
	status->loading = !loader_complete(delivery->loader);
	status->loaded = loader_loaded(delivery->loader);
	status->to_load = loader_to_load(delivery->loader);
	status->unreadable = loader_unreadable(delivery->loader) + delivery->unreadable;
	status->handed_older = delivery->handoff.lost;
	status->handed_unreadable = delivery->unreadable;
	status->pending = made.pushes - done.pushes + pending_count(delivery->pending);
	status_publish(&delivery->board, status);
}

static bool is_busy(const struct delivery *delivery)
{
	return session_busy(session_of(delivery)) && !link_away(delivery->link);
}

/* Why nothing is answered 202 now unless the client has nobody else; NULL: it is. */
static const char *refusal_of(const struct delivery *delivery, nsec now)
{
	return now >= session_outlived_at(session_of(delivery)) ? DELIVERY_OUTLIVED : NULL;
}

/* What is refused shall not be judged before: nothing of it is to stay here. */
static void outlived_work(struct delivery *delivery, nsec now)
{
	const char *refusal = refusal_of(delivery, now);
	bool outlived = refusal != NULL && link_away(delivery->link);

	if (outlived && !delivery->outlived)
		log_warning(
			"the lease has run out while Redis is away, and another broker stood by: "
			"events are answered 503 until Redis is back");
	delivery->outlived = outlived;
	if (outlived)
		pending_refuse(delivery->pending, refusal);
}

static void keep_work(struct delivery *delivery, nsec now)
{
	bool all = link_away(delivery->link) && !delivery->stopping;

	pending_keep(delivery->pending, all, refusal_of(delivery, now), now);
}

void delivery_work(struct delivery *delivery, struct moment now)
{
	delivery_hear(delivery, now);
	if (!is_busy(delivery) || !loader_complete(delivery->loader))
		pending_take(
			delivery->pending, submissions_take(delivery->submissions), now.monotonic);
	if (role_of(delivery) == DELIVERY_STANDS_BY)
		pending_drop(delivery->pending, "another broker is the active one");
	outlived_work(delivery, now.monotonic);
	if (is_active(delivery))
		active_work(delivery, now);
	delivery_say(delivery, now);
	pending_commit(delivery->pending);
	keep_work(delivery, now.monotonic);
	status_work(delivery, now.monotonic);
	if (log_enabled(LOG_LEVEL_DEBUG))
		count_work(delivery, now.monotonic);
}

static nsec next_work(const struct delivery *delivery)
{
	nsec next =
		nsec_earlier(link_deadline(delivery->link), pending_deadline(delivery->pending));

	if (is_active(delivery))
		next = nsec_earlier(nsec_earlier(next, delivery->retry_at),
			engine_next(delivery->books.engine, repeats_go(delivery)));
	next = nsec_earlier(next, delivery_question_at(delivery));
	if (log_enabled(LOG_LEVEL_DEBUG))
		next = nsec_earlier(next, delivery->count_at);
	return nsec_earlier(next, atomic_load(&delivery->stop_at));
}

void delivery_sleep(struct delivery *delivery)
{
	bool busy = is_busy(delivery) && loader_complete(delivery->loader);
	struct pollfd fds[2] = {{.fd = submissions_fd(delivery->submissions), .events = POLLIN}};
	struct timespec timeout;

	if (!busy && next_work(delivery) != 0 && !submissions_listen(delivery->submissions))
		return;
	link_poll(delivery->link, &fds[1]);
	if (ppoll(fds, 2, clock_timeout(clock_monotonic(), next_work(delivery), &timeout), NULL) >
			0 &&
		fds[0].revents != 0)
		submissions_awake(delivery->submissions);
}
