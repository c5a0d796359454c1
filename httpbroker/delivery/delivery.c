/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inside.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/delivery/alone.h"
#include "httpbroker/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

static bool repeats_go(const struct delivery *delivery)
{
	return is_active(delivery) && link_serves(delivery->link) && !delivery->pressure.paused &&
	       (outbox_refused(delivery->books.outbox) & COMMIT_PUSHES) == 0;
}

void delivery_retry(struct delivery *delivery)
{
	outbox_retry(delivery->books.outbox);
	delivery->retry_at = NSEC_NEVER;
}

static bool records_wait(const struct outbox *outbox)
{
	return outbox_marks(outbox).records != outbox_done(outbox).records;
}

/* One shard at a time that has any states, when the records of the one before are written. */
static void rewrite_work(struct delivery *delivery)
{
	while (delivery->rewrite < STATES_SHARDS && !records_wait(delivery->books.outbox))
		ledger_rewrite(delivery->books.ledger, delivery->rewrite++);
}

static void active_work(struct delivery *delivery, struct moment now)
{
	reader_want_none(delivery->reader);
	handover_judge(&delivery->handover, &delivery->books, delivery->reader, now);
	if (delivery->handover.settled)
		desk_judge(delivery->desk, now);
	if (now.monotonic >= delivery->retry_at)
		delivery_retry(delivery);
	delivery->status.repeats += ledger_turn(delivery->books.ledger, repeats_go(delivery), now);
	rewrite_work(delivery);
}

static void count_work(struct delivery *delivery, nsec now)
{
	if (now < delivery->count_at)
		return;
	log_debug("Number of cached states: %zu", states_count(delivery->books.states));
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
	struct marks made = outbox_marks(delivery->books.outbox);
	struct marks done = outbox_done(delivery->books.outbox);
	enum delivery_role role = role_of(delivery);

	if (role != status->role)
		status->role_since = now;
	status->role = role;
	redis_look(delivery, now);
	status->repeats_paused = delivery->pressure.paused;
	status->loading = !reader_complete(delivery->reader);
	status->loaded = reader_loaded(delivery->reader);
	status->to_load = reader_to_load(delivery->reader);
	status->unreadable = reader_unreadable(delivery->reader) + delivery->unreadable;
	status->pending = made.pushes - done.pushes + desk_count(delivery->desk);
	status_publish(&delivery->board, status);
}

static bool is_busy(const struct delivery *delivery)
{
	return session_busy(session_of(delivery)) && !link_away(delivery->link);
}

void delivery_work(struct delivery *delivery, struct moment now)
{
	delivery_hear(delivery, now);
	if (!is_busy(delivery) || !reader_complete(delivery->reader))
		desk_take(delivery->desk, inbox_take(delivery->inbox), now.monotonic);
	if (role_of(delivery) == DELIVERY_STANDS_BY)
		desk_drop(delivery->desk, "another broker is the active one");
	if (is_active(delivery))
		active_work(delivery, now);
	delivery_say(delivery, now);
	desk_commit(delivery->desk);
	desk_keep(delivery->desk, link_away(delivery->link) && !delivery->stopping, now.monotonic);
	status_work(delivery, now.monotonic);
	if (log_enabled(LOG_LEVEL_DEBUG))
		count_work(delivery, now.monotonic);
}

static nsec next_work(const struct delivery *delivery)
{
	nsec next = nsec_earlier(link_deadline(delivery->link), desk_deadline(delivery->desk));

	if (is_active(delivery))
		next = nsec_earlier(nsec_earlier(next, delivery->retry_at),
			ledger_next(delivery->books.ledger, repeats_go(delivery)));
	next = nsec_earlier(next, delivery_question_at(delivery));
	if (log_enabled(LOG_LEVEL_DEBUG))
		next = nsec_earlier(next, delivery->count_at);
	return nsec_earlier(next, atomic_load(&delivery->stop_at));
}

static void delivery_sleep(struct delivery *delivery)
{
	bool busy = is_busy(delivery) && reader_complete(delivery->reader);
	struct pollfd fds[2] = {{.fd = inbox_fd(delivery->inbox), .events = POLLIN}};
	struct timespec timeout;

	if (!busy && next_work(delivery) != 0 && !inbox_listen(delivery->inbox))
		return;
	link_poll(delivery->link, &fds[1]);
	if (ppoll(fds, 2, clock_timeout(clock_monotonic(), next_work(delivery), &timeout), NULL) >
			0 &&
		fds[0].revents != 0)
		inbox_awake(delivery->inbox);
}

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

	alone_run(&(struct alone){delivery->inbox, &delivery->books, delivery->desk,
		&delivery->board, &delivery->stop_at});
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

static struct link *link_make(const struct delivery_settings *settings,
	const struct delivery *delivery, const char token[BATCH_TOKEN + 1], nsec now)
{
	struct link_settings link = {
		.server = settings->server,
		.session =
			{
				.greeter = {settings->password, settings->database},
				.keys = &delivery->keys,
				.place = settings->place,
				.grace = settings->grace,
			},
		.wake_fd = inbox_fd(delivery->inbox),
	};

	memcpy(link.session.token, token, sizeof link.session.token);
	return link_new(&link, now);
}

static void parts_make(struct delivery *delivery, const struct delivery_settings *settings,
	struct states *states, struct moment now)
{
	struct siphash_key key;

	random_fill(&key, sizeof key);
	delivery->books = (struct books){
		.states = states,
		.interval = settings->interval,
		.most = settings->alone ? SIZE_MAX : (size_t)settings->max_pending,
		.most_states = settings->max_states,
		.flapjack = settings->flapjack,
		.persistent = settings->persistent && !settings->alone,
		.stale_as = settings->stale_as,
		.forget_after = settings->forget_after,
	};
	books_open(&delivery->books, now);
	delivery->reader = reader_new(&key);
	delivery->backlog = backlog_new((size_t)settings->max_pending, &key);
	delivery->desk = desk_new(&delivery->books, delivery->reader, delivery->backlog);
	delivery->pressure =
		(struct pressure){.most = settings->max_queue, .interval = settings->interval};
	delivery->rewrite = STATES_SHARDS;
	delivery->retry_at = NSEC_NEVER;
}

struct delivery *delivery_start(const struct delivery_settings *settings, struct states *states)
{
	struct delivery *delivery = memory_zeroed(1, sizeof *delivery);
	struct moment now = moment_now();
	char token[BATCH_TOKEN + 1];

	atomic_init(&delivery->stop_at, NSEC_NEVER);
	status_init(&delivery->board, now.monotonic);
	delivery->status = status_read(&delivery->board);
	keys_init(&delivery->keys, settings->name, settings->queue, settings->flapjack);
	delivery->inbox = inbox_new();
	parts_make(delivery, settings, states, now);
	token_make(token);
	leaving_init(&delivery->leaving, &delivery->keys, token);
	if (!settings->alone)
		delivery->link = link_make(settings, delivery, token, now.monotonic);
	int error = pthread_create(&delivery->thread, NULL,
		settings->alone ? delivery_run_alone : delivery_run, delivery);
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

const struct histogram *delivery_commits(const struct delivery *delivery)
{
	return &delivery->commits;
}

bool delivery_submit(struct delivery *delivery, struct submission *submission)
{
	return inbox_put(delivery->inbox, submission);
}

void delivery_stop(struct delivery *delivery, nsec patience)
{
	inbox_close(delivery->inbox);
	atomic_store(&delivery->stop_at, clock_monotonic() + patience);
	inbox_wake(delivery->inbox);
	pthread_join(delivery->thread, NULL);
}

void delivery_free(struct delivery *delivery)
{
	if (delivery->link != NULL)
		link_free(delivery->link);
	desk_free(delivery->desk);
	handover_free(&delivery->handover);
	leaving_free(&delivery->leaving);
	backlog_free(delivery->backlog);
	reader_free(delivery->reader);
	books_close(&delivery->books);
	keys_free(&delivery->keys);
	inbox_free(delivery->inbox);
	status_free(&delivery->board);
	free(delivery);
}
