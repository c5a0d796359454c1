/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/delivery.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/limits.h"
#include "httpbroker/redis/link.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <utlist.h>

enum { FORGET_SHARDS = 8 }; /* gone through in one go for an entity: a few ms of a large table */

struct delivery {
	struct inbox *inbox;
	pthread_t thread;
	_Atomic nsec stop_at; /* when to give up; NSEC_NEVER: not stopping */
	struct status_board board;

	/* the thread's own */
	struct keys keys;
	struct states *states;
	struct outbox *outbox;
	struct ledger *ledger;
	struct link *link;
	struct submission *waiting;    /* the oldest first */
	struct submission *forgetting; /* whole entities: the first is at work, in `shard` */
	unsigned shard;
	nsec interval;
	nsec count_at;          /* when to log the number of states */
	unsigned last_failures; /* of the link, when stopping began */
	bool stopping;
	struct delivery_status status; /* as it is published */
};

static void submission_answer(
	struct delivery *delivery, struct submission *submission, enum submission_result result)
{
	DL_DELETE(delivery->waiting, submission);
	submission->result = result;
	submission->done(submission);
}

static bool marks_reached(const struct marks *done, const struct marks *wanted)
{
	return done->pushes >= wanted->pushes && done->records >= wanted->records;
}

static void committed_answer(struct delivery *delivery)
{
	struct marks done = outbox_done(delivery->outbox);

	while (delivery->waiting != NULL && marks_reached(&done, &delivery->waiting->marks))
		submission_answer(delivery, delivery->waiting, SUBMISSION_COMMITTED);
}

/* Those who have waited long enough, or for a Redis that is away. */
static void kept_answer(struct delivery *delivery, nsec now)
{
	bool away = link_away(delivery->link) && !delivery->stopping;

	while (delivery->waiting != NULL &&
		(away || now - delivery->waiting->since >= LIMIT_REDIS_WAIT))
		submission_answer(delivery, delivery->waiting, SUBMISSION_KEPT);
}

/* All that the submission wants is in the outbox. */
static void submission_await(
	struct delivery *delivery, struct submission *submission, struct moment now)
{
	submission->marks = outbox_marks(delivery->outbox);
	submission->since = now.monotonic;
	DL_APPEND(delivery->waiting, submission);
}

/* A whole entity is looked for bit by bit, so that nobody waits for that. */
static void forget_take(struct delivery *delivery, struct submission *submission, struct moment now)
{
	struct forgetting *forgetting = submission->forgetting;

	if (forgetting->names.entity_length == forgetting->names.length) {
		DL_APPEND(delivery->forgetting, submission);
		return;
	}
	forgetting->count = ledger_forget(delivery->ledger, &forgetting->names);
	submission_await(delivery, submission, now);
}

static void forget_work(struct delivery *delivery, struct moment now)
{
	struct submission *submission = delivery->forgetting;

	for (int i = 0; submission != NULL && i < FORGET_SHARDS; i++) {
		struct forgetting *forgetting = submission->forgetting;

		forgetting->count += ledger_forget_entity(delivery->ledger, forgetting->names.bytes,
			forgetting->names.entity_length, delivery->shard++);
	}
	if (submission == NULL || delivery->shard < STATES_SHARDS)
		return;
	DL_DELETE(delivery->forgetting, submission);
	delivery->shard = 0;
	submission_await(delivery, submission, now);
}

static void submission_take(
	struct delivery *delivery, struct submission *submission, struct moment now)
{
	if (submission->forgetting != NULL) {
		forget_take(delivery, submission, now);
		return;
	}
	for (size_t i = 0; i < submission->count; i++)
		submission->answers[i] =
			ledger_take(delivery->ledger, &submission->postings[i], now);
	submission_await(delivery, submission, now);
}

static void inbox_work(struct delivery *delivery, struct moment now)
{
	struct submission *taken = inbox_take(delivery->inbox);
	struct submission *submission, *next;

	DL_FOREACH_SAFE(taken, submission, next)
		submission_take(delivery, submission, now);
}

static void redis_work(struct delivery *delivery, struct moment now)
{
	link_step(delivery->link, now);
	struct commit *applied = link_applied(delivery->link);
	if (applied != NULL)
		outbox_applied(delivery->outbox, applied);
}

static void commit_begin(struct delivery *delivery, struct moment now)
{
	struct commit *commit = NULL;

	if (link_ready(delivery->link))
		commit = outbox_take(delivery->outbox, link_clock(delivery->link));
	if (commit != NULL)
		link_commit(delivery->link, commit, now);
}

static void count_work(struct delivery *delivery, nsec now)
{
	if (now < delivery->count_at)
		return;
	log_debug("Number of cached states: %zu", states_count(delivery->states));
	delivery->count_at = now + delivery->interval;
}

static void status_work(struct delivery *delivery, nsec now)
{
	struct delivery_status *status = &delivery->status;
	struct marks made = outbox_marks(delivery->outbox);
	struct marks done = outbox_done(delivery->outbox);
	bool up = !link_away(delivery->link) && link_greeted(delivery->link);

	if (up != status->redis_up)
		status->redis_since = now;
	if (up && status->role == DELIVERY_STARTS) {
		status->role = DELIVERY_ACTIVE;
		status->role_since = now;
	}
	status->redis_up = up;
	snprintf(status->redis_why, sizeof status->redis_why, "%s",
		up ? "" : link_why(delivery->link));
	status->pending = made.pushes - done.pushes;
	status_publish(&delivery->board, status);
}

static void delivery_work(struct delivery *delivery, struct moment now)
{
	redis_work(delivery, now);
	if (!link_busy(delivery->link) || link_away(delivery->link))
		inbox_work(delivery, now);
	forget_work(delivery, now);
	ledger_turn(delivery->ledger, !link_away(delivery->link), now);
	commit_begin(delivery, now);
	committed_answer(delivery);
	kept_answer(delivery, now.monotonic);
	status_work(delivery, now.monotonic);
	if (log_enabled(LOG_LEVEL_DEBUG))
		count_work(delivery, now.monotonic);
}

static nsec next_work(const struct delivery *delivery)
{
	nsec next = nsec_earlier(link_deadline(delivery->link),
		ledger_next(delivery->ledger, !link_away(delivery->link)));

	if (delivery->forgetting != NULL)
		return 0;
	if (delivery->waiting != NULL)
		next = nsec_earlier(next, delivery->waiting->since + LIMIT_REDIS_WAIT);
	if (log_enabled(LOG_LEVEL_DEBUG))
		next = nsec_earlier(next, delivery->count_at);
	return nsec_earlier(next, atomic_load(&delivery->stop_at));
}

static void delivery_sleep(struct delivery *delivery)
{
	bool busy = link_busy(delivery->link) && !link_away(delivery->link);
	struct pollfd fds[2] = {{.fd = inbox_fd(delivery->inbox), .events = POLLIN}};
	struct timespec timeout;

	if (!busy && delivery->forgetting == NULL && !inbox_listen(delivery->inbox))
		return;
	link_poll(delivery->link, &fds[1]);
	if (ppoll(fds, 2, clock_timeout(clock_monotonic(), next_work(delivery), &timeout), NULL) >
			0 &&
		fds[0].revents != 0)
		inbox_awake(delivery->inbox);
}

static bool outbox_is_empty(const struct delivery *delivery)
{
	struct marks made = outbox_marks(delivery->outbox);
	struct marks done = outbox_done(delivery->outbox);

	return marks_reached(&done, &made);
}

/* The inbox is closed now, but was not yet emptied for the last time. */
static void stopping_begin(struct delivery *delivery)
{
	struct moment now = moment_now();

	delivery->stopping = true;
	delivery->last_failures = link_failures(delivery->link);
	link_hurry(delivery->link, now.monotonic);
	delivery_work(delivery, now);
	while (delivery->forgetting != NULL)
		forget_work(delivery, now);
}

static bool delivery_is_over(struct delivery *delivery, nsec now)
{
	nsec stop_at = atomic_load(&delivery->stop_at);

	if (stop_at == NSEC_NEVER)
		return false;
	if (!delivery->stopping)
		stopping_begin(delivery);
	return now >= stop_at || outbox_is_empty(delivery) ||
	       link_failures(delivery->link) != delivery->last_failures;
}

static void loss_tell(const struct delivery *delivery)
{
	struct marks made = outbox_marks(delivery->outbox);
	struct marks done = outbox_done(delivery->outbox);

	if (!outbox_is_empty(delivery))
		log_error("stopping without Redis: %" PRIu64
			  " events were not delivered and %" PRIu64 " states not written",
			made.pushes - done.pushes, made.records - done.records);
}

static void *delivery_run(void *argument)
{
	struct delivery *delivery = argument;

	do {
		delivery_sleep(delivery);
		delivery_work(delivery, moment_now());
	} while (!delivery_is_over(delivery, clock_monotonic()));
	DL_CONCAT(delivery->waiting, inbox_take(delivery->inbox));
	while (delivery->waiting != NULL)
		submission_answer(delivery, delivery->waiting, SUBMISSION_DROPPED);
	loss_tell(delivery);
	return NULL;
}

static void random_fill(void *out, size_t size)
{
	if (getentropy(out, size) != 0)
		die(EX_OSERR, "no random numbers: %s", strerror(errno));
}

static struct link *link_make(
	const struct delivery_settings *settings, const struct delivery *delivery, nsec now)
{
	struct link_settings link = {
		.server = settings->server,
		.greeter = {settings->password, settings->database},
		.keys = delivery->keys,
		.wake_fd = inbox_fd(delivery->inbox),
	};
	uint64_t random;

	random_fill(&random, sizeof random);
	snprintf(link.token, sizeof link.token, "%016" PRIx64, random);
	return link_new(&link, now);
}

struct delivery *delivery_start(const struct delivery_settings *settings, struct states *states)
{
	struct delivery *delivery = memory_zeroed(1, sizeof *delivery);
	struct moment now = moment_now();

	atomic_init(&delivery->stop_at, NSEC_NEVER);
	status_init(&delivery->board, now.monotonic);
	delivery->status = status_read(&delivery->board);
	keys_init(&delivery->keys, settings->name, settings->queue, settings->flapjack);
	delivery->states = states;
	delivery->interval = settings->interval;
	delivery->inbox = inbox_new();
	delivery->outbox = outbox_new();
	delivery->ledger = ledger_new(states, delivery->outbox, settings->interval, now);
	delivery->link = link_make(settings, delivery, now.monotonic);
	int error = pthread_create(&delivery->thread, NULL, delivery_run, delivery);
	if (error != 0)
		die(EX_OSERR, "cannot start a thread: %s", strerror(error));
	return delivery;
}

struct delivery_status delivery_status(struct delivery *delivery)
{
	return status_read(&delivery->board);
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
	link_free(delivery->link);
	ledger_free(delivery->ledger);
	outbox_free(delivery->outbox);
	keys_free(&delivery->keys);
	inbox_free(delivery->inbox);
	status_free(&delivery->board);
	free(delivery);
}
