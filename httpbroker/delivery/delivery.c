/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/delivery/internal.h"
#include "httpbroker/delivery/memory_only.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

static void *delivery_run(void *argument)
{
	struct delivery *delivery = argument;

	do {
		delivery_sleep(delivery);
		delivery_work(delivery, moment_now());
	} while (!delivery_is_over(delivery, clock_monotonic()));
	delivery_finish(delivery);
	return NULL;
}

static void *delivery_run_alone(void *argument)
{
	struct delivery *delivery = argument;

	memory_only_run(&(struct memory_only){delivery->submissions, &delivery->core,
		delivery->pending, &delivery->board, &delivery->stop_at});
	return NULL;
}

static void random_fill(void *out, size_t size)
{
	if (getentropy(out, size) != 0)
		die(EX_OSERR, "no random numbers: %s", strerror(errno));
}

static void token_make(char token[BATCH_TOKEN + 1])
{
	uint64_t random;

	random_fill(&random, sizeof random);
	snprintf(token, BATCH_TOKEN + 1, "%016" PRIx64, random);
}

static struct redis *redis_make(const struct delivery_settings *settings,
	const struct delivery *delivery, const char token[BATCH_TOKEN + 1], nsec now)
{
	struct redis_settings redis = {
		.server = settings->server,
		.session =
			{
				.login = {settings->password, settings->database},
				.keys = &delivery->keys,
				.place = settings->place,
				.grace = settings->grace,
				.persistent = settings->persistent,
			},
		.wake_fd = submissions_fd(delivery->submissions),
	};

	memcpy(redis.session.token, token, sizeof redis.session.token);
	return redis_new(&redis, now);
}

static void parts_make(struct delivery *delivery, const struct delivery_settings *settings,
	struct checks *checks, struct moment now)
{
	struct siphash_key key;

	random_fill(&key, sizeof key);
	delivery->core = (struct core){
		.checks = checks,
		.settings =
			{
				.interval = settings->interval,
				.max_checks = settings->max_states,
				.stale_state = settings->stale_as,
				.forget_after = settings->forget_after,
				.muted = settings->memory_only,
			},
		.max_pending = settings->memory_only ? SIZE_MAX : (size_t)settings->max_pending,
		.flapjack = settings->flapjack,
		.persistent = settings->persistent && !settings->memory_only,
	};
	delivery->loader = loader_new(&key);
	delivery->core.settings.missing = loader_missing(delivery->loader);
	core_open(&delivery->core, now);
	delivery->accepted = accepted_new((size_t)settings->max_pending, &key);
	delivery->pending = pending_new(&delivery->core, delivery->loader, delivery->accepted);
	delivery->backpressure =
		(struct backpressure){.max = settings->max_queue, .interval = settings->interval};
	delivery->rewrite = CHECKS_SHARDS;
	delivery->retry_at = NSEC_NEVER;
}

struct delivery *delivery_start(const struct delivery_settings *settings, struct checks *checks)
{
	struct delivery *delivery = memory_zeroed(1, sizeof *delivery);
	struct moment now = moment_now();
	char token[BATCH_TOKEN + 1];

	atomic_init(&delivery->stop_at, NSEC_NEVER);
	status_init(&delivery->board, now.monotonic);
	delivery->status = status_read(&delivery->board);
	keys_init(&delivery->keys, settings->name, settings->queue, settings->flapjack);
	delivery->submissions = submissions_new();
	parts_make(delivery, settings, checks, now);
	token_make(token);
	handoff_send_init(&delivery->handoff_sender, &delivery->keys, token);
	if (!settings->memory_only)
		delivery->redis = redis_make(settings, delivery, token, now.monotonic);
	int error = pthread_create(&delivery->thread, NULL,
		settings->memory_only ? delivery_run_alone : delivery_run, delivery);
	if (error != 0)
		die(EX_OSERR, "cannot start a thread: %s", strerror(error));
	return delivery;
}

struct delivery_status delivery_status(struct delivery *delivery)
{
	return status_read(&delivery->board);
}

enum delivery_role delivery_role(struct delivery *delivery)
{
	return status_role(&delivery->board);
}

bool delivery_outlived(struct delivery *delivery, nsec now)
{
	return now >= status_outlived_at(&delivery->board);
}

const struct histogram *delivery_commits(const struct delivery *delivery)
{
	return &delivery->commits;
}

bool delivery_submit(struct delivery *delivery, struct submission *submission)
{
	return submissions_put(delivery->submissions, submission);
}

void delivery_stop(struct delivery *delivery, nsec patience)
{
	submissions_close(delivery->submissions);
	atomic_store(&delivery->stop_at, clock_monotonic() + patience);
	submissions_wake(delivery->submissions);
	pthread_join(delivery->thread, NULL);
}

void delivery_free(struct delivery *delivery)
{
	if (delivery->redis != NULL)
		redis_free(delivery->redis);
	pending_free(delivery->pending);
	handoff_free(&delivery->handoff);
	handoff_send_free(&delivery->handoff_sender);
	accepted_free(delivery->accepted);
	loader_free(delivery->loader);
	core_close(&delivery->core);
	keys_free(&delivery->keys);
	submissions_free(delivery->submissions);
	status_free(&delivery->board);
	free(delivery);
}

static bool repeats_go(const struct delivery *delivery)
{
	return is_active(delivery) && redis_serves(delivery->redis) &&
	       !delivery->backpressure.paused &&
	       (outbox_refused(delivery->core.outbox) & COMMIT_PUSHES) == 0;
}

void delivery_retry(struct delivery *delivery)
{
	outbox_retry(delivery->core.outbox);
	delivery->retry_at = NSEC_NEVER;
}

bool delivery_rewrites(const struct delivery *delivery)
{
	return delivery->rewrite < CHECKS_SHARDS ||
	       outbox_done(delivery->core.outbox).records < delivery->rewritten;
}

/* One shard at a time that has any states, when the records of the one before are written. */
static void rewrite_work(struct delivery *delivery)
{
	struct outbox *outbox = delivery->core.outbox;

	while (delivery->rewrite < CHECKS_SHARDS &&
		outbox_done(outbox).records >= delivery->rewritten) {
		engine_rewrite(delivery->core.engine, delivery->rewrite++);
		delivery->rewritten = outbox_watermarks(outbox).records;
	}
}

static void active_work(struct delivery *delivery, struct moment now)
{
	loader_prefetch_none(delivery->loader);
	handoff_apply(&delivery->handoff, &delivery->core, delivery->loader, now);
	if (delivery->handoff.settled)
		pending_apply(delivery->pending, now);
	if (now.monotonic >= delivery->retry_at)
		delivery_retry(delivery);
	delivery->status.repeats += engine_run(delivery->core.engine, repeats_go(delivery), now);
	rewrite_work(delivery);
}

static void count_work(struct delivery *delivery, nsec now)
{
	if (now < delivery->count_at)
		return;
	log_debug("Number of cached states: %zu", checks_count(delivery->core.checks));
	delivery->count_at = now + delivery->core.settings.interval;
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
	bool up = !redis_away(delivery->redis) && status->role != DELIVERY_STARTS;

	if (up != status->redis_up)
		status->redis_since = now;
	status->redis_up = up;
	snprintf(status->redis_why, sizeof status->redis_why, "%s",
		up ? "" : redis_why_away(delivery->redis));
}

static void status_work(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	struct watermarks made = outbox_watermarks(delivery->core.outbox);
	struct watermarks done = outbox_done(delivery->core.outbox);
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
	return session_busy(session_of(delivery)) && !redis_away(delivery->redis);
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
	bool outlived = refusal != NULL && redis_away(delivery->redis);

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
	bool all = redis_away(delivery->redis) && !delivery->stopping;

	pending_accept(delivery->pending, all, refusal_of(delivery, now), now);
}

void delivery_work(struct delivery *delivery, struct moment now)
{
	delivery_receive(delivery, now);
	if (!is_busy(delivery) || !loader_complete(delivery->loader))
		pending_add(
			delivery->pending, submissions_take(delivery->submissions), now.monotonic);
	if (role_of(delivery) == DELIVERY_STANDS_BY)
		pending_drop(delivery->pending, "another broker is the active one");
	outlived_work(delivery, now.monotonic);
	if (is_active(delivery))
		active_work(delivery, now);
	delivery_send(delivery, now);
	pending_committed(delivery->pending);
	keep_work(delivery, now.monotonic);
	status_work(delivery, now.monotonic);
	if (log_enabled(LOG_LEVEL_DEBUG))
		count_work(delivery, now.monotonic);
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

void delivery_sleep(struct delivery *delivery)
{
	bool busy = is_busy(delivery) && loader_complete(delivery->loader);
	struct pollfd fds[2] = {{.fd = submissions_fd(delivery->submissions), .events = POLLIN}};
	struct timespec timeout;

	if (!busy && next_work(delivery) != 0 && !submissions_listen(delivery->submissions))
		return;
	redis_poll(delivery->redis, &fds[1]);
	if (ppoll(fds, 2, clock_timeout(clock_monotonic(), next_work(delivery), &timeout), NULL) >
			0 &&
		fds[0].revents != 0)
		submissions_clear_wake(delivery->submissions);
}

/* The inbox is closed now, but was not yet emptied for the last time. */
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
	       (outbox_is_empty(delivery->core.outbox) || is_refused(delivery->core.outbox));
}

/* Then the lease is given up, so that a broker that stands by need not wait until it runs out. */
static bool release_is_over(struct delivery *delivery)
{
	if (!is_active(delivery) || session_released(session_of(delivery)))
		return true;
	if (!delivery->releasing && session_ready(session_of(delivery))) {
		redis_release(delivery->redis, moment_now());
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
	return now >= stop_at || redis_failures(delivery->redis) != delivery->last_failures ||
	       (all_is_done(delivery) && release_is_over(delivery));
}

static void loss_tell(const struct delivery *delivery)
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
			is_refused(delivery->core.outbox) && redis_serves(delivery->redis)
				? "while Redis refuses some of it"
				: "without Redis",
			events, number_plural(events), events == 1 ? "was" : "were", checks,
			number_plural(checks));
}

void delivery_finish(struct delivery *delivery)
{
	pending_add(delivery->pending, submissions_take(delivery->submissions), clock_monotonic());
	loss_tell(delivery);
	pending_drop(delivery->pending, "the broker is stopping");
}
