/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inside.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/delivery/alone.h"

#include <errno.h>
#include <inttypes.h>
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

	memory_only_run(&(struct memory_only){delivery->submissions, &delivery->books,
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
				.persistent = settings->persistent,
			},
		.wake_fd = submissions_fd(delivery->submissions),
	};

	memcpy(link.session.token, token, sizeof link.session.token);
	return link_new(&link, now);
}

static void parts_make(struct delivery *delivery, const struct delivery_settings *settings,
	struct checks *checks, struct moment now)
{
	struct siphash_key key;

	random_fill(&key, sizeof key);
	delivery->books = (struct books){
		.checks = checks,
		.interval = settings->interval,
		.max = settings->memory_only ? SIZE_MAX : (size_t)settings->max_pending,
		.max_states = settings->max_states,
		.flapjack = settings->flapjack,
		.persistent = settings->persistent && !settings->memory_only,
		.stale_as = settings->stale_as,
		.forget_after = settings->forget_after,
	};
	delivery->loader = loader_new(&key);
	delivery->books.missing = loader_missing(delivery->loader);
	books_open(&delivery->books, now);
	delivery->accepted = accepted_new((size_t)settings->max_pending, &key);
	delivery->pending = pending_new(&delivery->books, delivery->loader, delivery->accepted);
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
		delivery->link = link_make(settings, delivery, token, now.monotonic);
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
	if (delivery->link != NULL)
		link_free(delivery->link);
	pending_free(delivery->pending);
	handoff_free(&delivery->handoff);
	handoff_send_free(&delivery->handoff_sender);
	accepted_free(delivery->accepted);
	loader_free(delivery->loader);
	books_close(&delivery->books);
	keys_free(&delivery->keys);
	submissions_free(delivery->submissions);
	status_free(&delivery->board);
	free(delivery);
}
