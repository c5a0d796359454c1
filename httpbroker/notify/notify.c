/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/notify.h"

#include "common/memory.h"
#include "common/number.h"
#include "common/ready.h"
#include "common/signals.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/event_json.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

static void on_notification(const struct notification *notification, void *context)
{
	notify_tell(context, notification);
}

struct notify *notify_new(const struct options *options)
{
	struct notify *notify = memory_zeroed(1, sizeof *notify);
	const struct judge_settings settings = {
		.initial_failure_delay = options->initial_failure_delay,
		.repeat = options->repeat,
		.forget_after = options->forget_after,
		.max_problems = LIMIT_PROBLEMS,
		.tell = on_notification,
		.context = notify,
	};
	struct siphash_key key;

	if (getentropy(&key, sizeof key) != 0)
		die(EX_OSERR, "cannot get random numbers: %s", strerror(errno));
	notify->options = options;
	notify->problems = problems_new(&key);
	notify->judge = judge_new(&settings, notify->problems);
	return notify;
}

void notify_free(struct notify *notify)
{
	for (size_t i = 0; i < notify->output_count; i++)
		output_free(notify->outputs[i]);
	input_free(notify->input);
	consumer_free(notify->consumer);
	judge_free(notify->judge);
	problems_free(notify->problems);
	free(notify);
}

void notify_add(struct notify *notify, struct output *output)
{
	output->queue = queue_new(LIMIT_WAITING, notify->options->redis);
	notify->outputs[notify->output_count++] = output;
}

static void put(struct output *output, uint64_t check, const struct buffer *json)
{
	uint64_t before = queue_thinned(output->queue);

	queue_put(output->queue, check, json->data, json->length);
	if (queue_thinned(output->queue) == before || output->thinning)
		return;
	output->thinning = true;
	log_warning("output %s: more than %d notifications wait: only the newest of each check is "
		    "kept",
		output->name, LIMIT_WAITING);
}

void notify_tell(struct notify *notify, const struct notification *notification)
{
	struct buffer json = {NULL, 0, 0};
	uint64_t check =
		problems_check(notify->problems, notification->entity, notification->check);

	notification_encode(notification, &json);
	notify->told[notification->kind]++;
	log_debug("notification: %s", json.data);
	for (size_t i = 0; i < notify->output_count; i++)
		put(notify->outputs[i], check, &json);
	buffer_free(&json);
}

void notify_skip(
	struct notify *notify, const char *place, uint64_t number, const char *why, nsec now)
{
	char more[LOG_LIMIT_TEXT];
	unsigned long suppressed;

	notify->skipped++;
	if (log_limit_pass(&notify->skips, now, &suppressed))
		log_warning("%s %" PRIu64 ": %s; the event is skipped%s", place, number, why,
			log_limit_text(suppressed, more));
}

void notify_event(struct notify *notify, char *json, size_t length, const char *place,
	uint64_t number, struct moment now)
{
	struct event event;
	struct reason why;
	json_t *document = event_json_read(json, length, now.wall, &event, &why);

	if (document == NULL || !judge_event(notify->judge, &event, now, &why)) {
		notify_skip(notify, place, number, why.text, now.monotonic);
	} else {
		notify->events++;
		notify->event_time = event.time;
	}
	json_decref(document);
}

/* ---- the loop ---- */

enum { TICK_MAX = 1000, POLLED_MAX = 1 + CONSUMER_FDS + OUTPUTS_MAX * OUTPUT_FDS };

#define FINISH_LIMIT (60 * NSEC_PER_SEC) /* for what waits, after the end of standard input */
#define RELEASE_LIMIT (3 * NSEC_PER_SEC) /* for the last commit */

struct loop {
	int status;
	bool stops;       /* nothing new is begun */
	nsec give_up;     /* monotonic; after the end of input */
	nsec release_end; /* the same; nothing is under way any more */
};

static size_t waiting(const struct notify *notify)
{
	size_t count = 0;

	for (size_t i = 0; i < notify->output_count; i++)
		count += queue_waiting(notify->outputs[i]->queue);
	return count;
}

static size_t under_way(const struct notify *notify)
{
	size_t count = 0;

	for (size_t i = 0; i < notify->output_count; i++)
		count += queue_under_way(notify->outputs[i]->queue);
	return count;
}

static void loop_stop(struct notify *notify, struct loop *loop, int status)
{
	loop->stops = true;
	loop->status = status;
	for (size_t i = 0; i < notify->output_count; i++)
		notify->outputs[i]->stopping = true;
	if (notify->consumer != NULL)
		consumer_stop(notify->consumer);
}

/* In a stand-by neither timers nor outputs do anything. */
static bool is_active(const struct notify *notify)
{
	return notify->consumer == NULL || consumer_runs(notify->consumer);
}

static void outputs_work(struct notify *notify, struct loop *loop, struct moment now)
{
	for (size_t i = 0; i < notify->output_count; i++) {
		struct output *output = notify->outputs[i];

		output->type->work(output, now);
		output->thinning =
			output->thinning && queue_waiting(output->queue) > LIMIT_WAITING / 2;
		if (output->ended && !loop->stops)
			loop_stop(notify, loop, EX_TEMPFAIL);
	}
}

static void loop_work(struct notify *notify, struct loop *loop, struct moment now)
{
	if (notify->consumer != NULL)
		consumer_receive(notify->consumer, now);
	else if (!loop->stops)
		input_work(notify->input, notify, now);
	if (is_active(notify)) {
		judge_tick(notify->judge, now, TICK_MAX);
		outputs_work(notify, loop, now);
	}
	if (notify->consumer != NULL)
		consumer_send(notify->consumer, now);
	else
		problems_take_changes(notify->problems, NULL, NULL);
}

/* Standard input has ended: what is left is delivered, within FINISH_LIMIT. */
static void input_finish(struct notify *notify, struct loop *loop, struct moment now)
{
	if (notify->input == NULL || !input_ended(notify->input) || loop->give_up != NSEC_NEVER)
		return;
	judge_finish(notify->judge, now);
	loop->give_up = now.monotonic + FINISH_LIMIT;
	outputs_work(notify, loop, now);
}

static void left_report(const struct notify *notify, struct loop *loop)
{
	size_t left = waiting(notify);

	if (left == 0 || notify->consumer != NULL)
		return;
	log_error("not delivered: %zu notification%s", left, number_plural(left));
	loop->status = EX_TEMPFAIL;
}

/* Whether all that can be done is done. */
static bool loop_ended(struct notify *notify, struct loop *loop, struct moment now)
{
	if (now.monotonic >= loop->give_up || (loop->give_up != NSEC_NEVER && waiting(notify) == 0))
		return true;
	if (!loop->stops || under_way(notify) > 0)
		return false;
	if (notify->consumer == NULL)
		return true;
	if (loop->release_end == NSEC_NEVER) {
		consumer_release(notify->consumer);
		consumer_send(notify->consumer, now);
		loop->release_end = now.monotonic + RELEASE_LIMIT;
	}
	return now.monotonic >= loop->release_end || consumer_released(notify->consumer);
}

static nsec loop_deadline(const struct notify *notify, const struct loop *loop, nsec now)
{
	nsec next = nsec_earlier(loop->give_up, loop->release_end);

	if (notify->consumer != NULL)
		next = nsec_earlier(next, consumer_deadline(notify->consumer));
	if (!is_active(notify))
		return next;
	next = nsec_earlier(next, judge_deadline(notify->judge));
	for (size_t i = 0; i < notify->output_count; i++) {
		const struct output *output = notify->outputs[i];

		next = nsec_earlier(next, output->type->deadline(output, now));
	}
	return next;
}

static void loop_wait(const struct notify *notify, nsec deadline)
{
	struct pollfd fds[POLLED_MAX];
	struct timespec left;
	size_t count = 0;

	if (notify->consumer != NULL) {
		consumer_poll(notify->consumer, fds);
		count += CONSUMER_FDS;
	} else {
		input_poll(notify->input, &fds[count++]);
	}
	for (size_t i = 0; i < notify->output_count && is_active(notify); i++)
		count += notify->outputs[i]->type->poll(notify->outputs[i], fds + count);
	signals_poll(fds, count, clock_timeout(clock_monotonic(), deadline, &left));
}

int notify_run(struct notify *notify)
{
	struct loop loop = {.give_up = NSEC_NEVER, .release_end = NSEC_NEVER};
	struct moment now = moment_now();

	while (!loop_ended(notify, &loop, now)) {
		loop_wait(notify, loop_deadline(notify, &loop, now.monotonic));
		now = moment_now();
		if (signals_say_stop())
			loop_stop(notify, &loop, loop.status);
		loop_work(notify, &loop, now);
		input_finish(notify, &loop, now);
	}
	left_report(notify, &loop);
	return loop.status;
}
