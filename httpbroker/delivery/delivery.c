/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "common/random.h"
#include "httpbroker/delivery/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

struct delivery_status delivery_status(struct delivery *delivery)
{
	pthread_mutex_lock(&delivery->status_lock);
	struct delivery_status status = delivery->published;
	pthread_mutex_unlock(&delivery->status_lock);
	return status;
}

enum delivery_role delivery_role(struct delivery *delivery)
{
	return (enum delivery_role)atomic_load(&delivery->role);
}

bool delivery_outlived(struct delivery *delivery, nsec now)
{
	return now >= atomic_load(&delivery->outlived_at);
}

const struct histogram *delivery_commits(const struct delivery *delivery)
{
	return &delivery->commits;
}

bool delivery_submit(struct delivery *delivery, struct submission *submission)
{
	return submissions_put(delivery->submissions, submission);
}

static void redis_status_set(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	bool up = !redis_away(delivery->redis) && status->role != DELIVERY_STARTS;

	if (up != status->redis_up)
		status->redis_since = now;
	status->redis_up = up;
	status->sentinel = delivery->sentinel;
	status->replicated = up && !redis_alone(delivery->redis);
	snprintf(status->redis_why, sizeof status->redis_why, "%s",
		up ? "" : redis_why_away(delivery->redis));
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

static void status_update(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	struct watermarks made = outbox_watermarks(delivery->core.outbox);
	struct watermarks done = outbox_done(delivery->core.outbox);
	enum delivery_role role = role_of(delivery);

	if (role != status->role)
		status->role_since = now;
	status->role = role;
	status->outlived_at = session_outlived_at(session_of(delivery));
	redis_status_set(delivery, now);
	status->repeats_paused = delivery->backpressure.paused;
	status->loading = !loader_complete(delivery->loader);
	status->handed_older = delivery->handover.lost;
	status->handed_unreadable = delivery->unreadable;
	status->pending = made.pushes - done.pushes + pending_count(delivery->pending);
	delivery_status_publish(delivery);
}

static bool repeats_go(const struct delivery *delivery)
{
	return is_active(delivery) && redis_serves(delivery->redis) &&
	       !delivery->backpressure.paused &&
	       (outbox_refused(delivery->core.outbox) & COMMIT_PUSHES) == 0;
}

static void active_work(struct delivery *delivery, struct moment now)
{
	loader_prefetch_drop(delivery->loader);
	handover_apply(&delivery->handover, &delivery->core, delivery->loader, now);
	if (delivery->handover.caught_up)
		pending_apply(delivery->pending, now);
	if (now.monotonic >= delivery->retry_at)
		delivery_retry(delivery);
	delivery->status.repeats += engine_run(delivery->core.engine, repeats_go(delivery), now);
	delivery_rewrite(delivery);
}

static void count_log(struct delivery *delivery, nsec now)
{
	if (!log_enabled(LOG_LEVEL_DEBUG) || now < delivery->count_at)
		return;
	log_debug("Number of cached states: %zu", checks_count(delivery->core.checks));
	delivery->count_at = now + delivery->core.settings.interval;
}

/* While Redis answers, submissions gather: the next commit has them all. */
static bool is_busy(const struct delivery *delivery)
{
	return session_busy(session_of(delivery)) && !redis_away(delivery->redis) &&
	       loader_complete(delivery->loader);
}

/* Why submissions that are not async are dropped instead of accepted; NULL: they are accepted. */
static const char *refusal_of(const struct delivery *delivery, nsec now)
{
	return now >= session_outlived_at(session_of(delivery)) ? DELIVERY_OUTLIVED : NULL;
}

/* Before anything is applied: nothing of a dropped submission may stay here. */
static void outlived_work(struct delivery *delivery, nsec now)
{
	const char *refusal = refusal_of(delivery, now);
	bool outlived = refusal != NULL && redis_away(delivery->redis);

	if (outlived && !delivery->outlived)
		log_warning(
			"the lease has run out while Redis is away, and another broker stood by: "
			"events are answered 503 until Redis is back");
	delivery->outlived = outlived;
	if (outlived)
		pending_refuse(delivery->pending, refusal);
}

/* One round: everything that can be done without waiting. */
static void delivery_work(struct delivery *delivery, struct moment now)
{
	delivery_receive(delivery, now);
	if (!is_busy(delivery))
		pending_add(
			delivery->pending, submissions_take(delivery->submissions), now.monotonic);
	if (role_of(delivery) == DELIVERY_STANDS_BY)
		pending_drop(delivery->pending, "another broker is the active one");
	outlived_work(delivery, now.monotonic);
	if (is_active(delivery))
		active_work(delivery, now);
	delivery_send(delivery, now);
	delivery_committed(delivery);
	pending_accept(delivery->pending, redis_away(delivery->redis) && !delivery->stopping,
		refusal_of(delivery, now.monotonic), now.monotonic);
	status_update(delivery, now.monotonic);
	count_log(delivery, now.monotonic);
}

static nsec next_work(const struct delivery *delivery)
{
	nsec next =
		nsec_earlier(redis_deadline(delivery->redis), pending_deadline(delivery->pending));

	if (is_active(delivery))
		next = nsec_earlier(nsec_earlier(next, delivery->retry_at),
			engine_next(delivery->core.engine, repeats_go(delivery)));
	next = nsec_earlier(next, delivery_query_at(delivery));
	if (log_enabled(LOG_LEVEL_DEBUG))
		next = nsec_earlier(next, delivery->count_at);
	return nsec_earlier(next, atomic_load(&delivery->stop_at));
}

/* Waits for Redis, a submission or the deadline `next`; 0: there is work already. */
static void delivery_sleep(struct delivery *delivery, nsec next, bool busy)
{
	struct pollfd fds[2] = {
		{.fd = submissions_fd(delivery->submissions), .events = POLLIN}, {.fd = -1}};
	struct timespec timeout;

	if (!busy && next != 0 && !submissions_listen(delivery->submissions))
		return;
	redis_poll(delivery->redis, &fds[1]);
	if (ppoll(fds, 2, clock_timeout(clock_monotonic(), next, &timeout), NULL) > 0 &&
		fds[0].revents != 0)
		submissions_clear_wake(delivery->submissions);
}

/* After submissions_close(): takes the last submissions. */
static void stopping_begin(struct delivery *delivery)
{
	struct moment now = moment_now();

	delivery->stopping = true;
	delivery->last_failures = redis_failures(delivery->redis);
	redis_retry_now(delivery->redis, now.monotonic);
	delivery_retry(delivery);
	pending_add(delivery->pending, submissions_take(delivery->submissions), now.monotonic);
	delivery_work(delivery, now);
}

/* Whether nothing is left but what Redis refuses. */
static bool only_refused_is_left(const struct outbox *outbox)
{
	return outbox_refused(outbox) != 0 && !outbox_waits(outbox);
}

/* Whether everything that was accepted is committed or handed over. */
static bool all_is_done(const struct delivery *delivery)
{
	const struct outbox *outbox = delivery->core.outbox;

	if (!is_active(delivery) && accepted_count(delivery->accepted) > 0)
		return false;
	return pending_is_empty(delivery->pending) &&
	       (!is_active(delivery) || outbox_is_empty(outbox) || only_refused_is_left(outbox));
}

/* Gives up the lease, so that a stand-by need not wait until it runs out. True when done. */
static bool release_work(struct delivery *delivery)
{
	if (!is_active(delivery) || session_released(session_of(delivery)))
		return true;
	if (!delivery->releasing && session_ready(session_of(delivery))) {
		redis_release(delivery->redis, moment_now());
		delivery->releasing = true;
	}
	return false;
}

static bool is_over(struct delivery *delivery, nsec now)
{
	nsec stop_at = atomic_load(&delivery->stop_at);

	if (stop_at == NSEC_NEVER)
		return false;
	if (!delivery->stopping)
		stopping_begin(delivery);
	return now >= stop_at || redis_failures(delivery->redis) != delivery->last_failures ||
	       (all_is_done(delivery) && release_work(delivery));
}

static void loss_log(const struct delivery *delivery)
{
	struct watermarks made = outbox_watermarks(delivery->core.outbox);
	struct watermarks done = outbox_done(delivery->core.outbox);
	uint64_t events = made.pushes - done.pushes + accepted_unapplied(delivery->accepted);
	uint64_t checks = made.records - done.records;

	if (delivery->core.persistent)
		checks += accepted_unapplied_checks(delivery->accepted);
	if (accepted_unapplied(delivery->accepted) > 0 || !watermarks_reached(&done, &made))
		log_error("stopping %s: %" PRIu64 " event%s %s not delivered and %" PRIu64
			  " state%s not written",
			only_refused_is_left(delivery->core.outbox) && redis_serves(delivery->redis)
				? "while Redis refuses some of it"
				: "without Redis",
			events, number_plural(events), events == 1 ? "was" : "were", checks,
			number_plural(checks));
}

static void *delivery_run(void *argument)
{
	struct delivery *delivery = argument;

	do {
		delivery_sleep(delivery, next_work(delivery), is_busy(delivery));
		delivery_work(delivery, moment_now());
		atomic_store(&delivery->rounds, true);
	} while (!is_over(delivery, clock_monotonic()));
	pending_add(delivery->pending, submissions_take(delivery->submissions), clock_monotonic());
	loss_log(delivery);
	pending_drop(delivery->pending, "the broker is stopping");
	return NULL;
}

static void redis_init(
	struct delivery *delivery, const struct delivery_settings *settings, nsec now)
{
	struct redis_settings redis = {
		.place = settings->redis,
		.session =
			{
				.login = {.user = settings->user,
					.password = settings->password,
					.database = settings->database},
				.keys = &delivery->keys,
				.place = settings->place,
				.grace = settings->grace,
				.persistent = settings->persistent,
			},
		.meanwhile = "events are kept in memory (202, or 503 if a stand-by can take over)",
		.unconfirmed = "events are answered 202 and kept in memory until one has them",
		.wake_fd = submissions_fd(delivery->submissions),
	};
	uint64_t random;

	delivery->sentinel = settings->redis.sentinel_count > 0;
	random_bytes(&random, sizeof random);
	snprintf(redis.session.token, sizeof redis.session.token, "%016" PRIx64, random);
	handover_send_init(&delivery->handover_sender, &delivery->keys, redis.session.token);
	if (!settings->memory_only)
		delivery->redis = redis_new(&redis, now);
}

static void core_init(struct delivery *delivery, const struct delivery_settings *settings,
	struct checks *checks, struct moment now)
{
	struct siphash_key key;

	random_bytes(&key, sizeof key);
	delivery->loader = loader_new(&key);
	delivery->core = (struct core){
		.checks = checks,
		.settings =
			{
				.interval = settings->interval,
				.max_checks = settings->max_states,
				.stale_as = settings->stale_as,
				.forget_after = settings->forget_after,
				.muted = settings->memory_only && settings->output == NULL,
				.forgotten = loader_forget,
				.owner = delivery->loader,
			},
		.max_pending = settings->memory_only && settings->output == NULL
				       ? SIZE_MAX
				       : (size_t)settings->max_pending,
		.flapjack = settings->flapjack,
		.persistent = settings->persistent && !settings->memory_only,
	};
	core_open(&delivery->core, now);
	delivery->accepted = accepted_new((size_t)settings->max_pending, &key);
	delivery->pending = pending_new(&delivery->core, delivery->loader, delivery->accepted);
}

struct delivery *delivery_start(const struct delivery_settings *settings, struct checks *checks)
{
	struct delivery *delivery = memory_zeroed(1, sizeof *delivery);
	struct moment now = moment_now();

	atomic_init(&delivery->stop_at, NSEC_NEVER);
	pthread_mutex_init(&delivery->status_lock, NULL);
	delivery->status = (struct delivery_status){
		.role_since = now.monotonic,
		.outlived_at = NSEC_NEVER,
		.redis_since = now.monotonic,
		.redis_why = "not connected yet",
		.queue_length = -1,
	};
	delivery_status_publish(delivery);
	keys_init(
		&delivery->keys, "httpbroker", settings->name, settings->queue, settings->flapjack);
	delivery->submissions = submissions_new();
	delivery->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (delivery->ended_fd < 0)
		die(EX_OSERR, "eventfd: %s", strerror(errno));
	if (settings->output != NULL)
		delivery->output = output_new(settings->output, now.monotonic);
	core_init(delivery, settings, checks, now);
	delivery->backpressure =
		(struct backpressure){.max = settings->max_queue, .interval = settings->interval};
	delivery->rewrite = CHECKS_SHARDS;
	delivery->retry_at = NSEC_NEVER;
	redis_init(delivery, settings, now.monotonic);
	int error = pthread_create(&delivery->thread, NULL,
		settings->memory_only ? delivery_memory_only : delivery_run, delivery);
	if (error != 0)
		die(EX_OSERR, "cannot start a thread: %s", strerror(error));
	return delivery;
}

int delivery_ended_fd(const struct delivery *delivery)
{
	return delivery->ended_fd;
}

bool delivery_reopen(struct delivery *delivery)
{
	if (delivery->output == NULL)
		return false;
	atomic_store(&delivery->reopen, true);
	submissions_wake(delivery->submissions);
	return true;
}

bool delivery_progress(struct delivery *delivery)
{
	bool progress = atomic_exchange(&delivery->rounds, false);

	submissions_wake(delivery->submissions);
	return progress;
}

void delivery_stop(struct delivery *delivery, nsec timeout)
{
	submissions_close(delivery->submissions);
	atomic_store(&delivery->stop_at, clock_monotonic() + timeout);
	submissions_wake(delivery->submissions);
	pthread_join(delivery->thread, NULL);
}

void delivery_free(struct delivery *delivery)
{
	if (delivery->redis != NULL)
		redis_free(delivery->redis);
	if (delivery->output != NULL)
		output_free(delivery->output);
	close(delivery->ended_fd);
	pending_free(delivery->pending);
	handover_clear(&delivery->handover);
	handover_send_free(&delivery->handover_sender);
	accepted_free(delivery->accepted);
	loader_free(delivery->loader);
	core_close(&delivery->core);
	keys_free(&delivery->keys);
	submissions_free(delivery->submissions);
	pthread_mutex_destroy(&delivery->status_lock);
	free(delivery);
}
