/* SPDX-License-Identifier: MIT */
/* The loop: input, judge, outputs, commit; then it sleeps until the next deadline. */
#include "common/number.h"
#include "common/ready.h"
#include "common/signals.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/notify.h"

#include <poll.h>
#include <sysexits.h>

enum { TICK_MAX = 1000, POLLED_MAX = 1 + CONSUMER_FDS + OUTPUTS_MAX * OUTPUT_FDS };

#define FINISH_LIMIT (60 * NSEC_PER_SEC) /* for what waits, after the last event, or for a test */
#define RELEASE_LIMIT (3 * NSEC_PER_SEC) /* for the last commit */

#define METRICS_INTERVAL (10 * NSEC_PER_SEC)

struct loop {
	int status;
	struct watchdog watchdog;
	nsec metrics_at;  /* monotonic; when they are written next */
	bool stops;       /* nothing new is begun */
	nsec give_up;     /* monotonic; no event will come */
	nsec release_end; /* the same; nothing is under way any more */
};

static size_t total(const struct notify *notify, size_t (*count)(const struct queue *queue))
{
	size_t sum = 0;

	for (size_t i = 0; i < notify->output_count; i++)
		sum += count(notify->outputs[i]->queue);
	return sum;
}

static void loop_stop(struct notify *notify, struct loop *loop, int status)
{
	loop->stops = true;
	loop->status = status;
	for (size_t i = 0; i < notify->output_count; i++)
		notify->outputs[i]->stopping = true;
}

/* In a stand-by timers do nothing, and outputs begin nothing. */
static bool is_active(const struct notify *notify, nsec now)
{
	return notify->consumer == NULL || consumer_runs(notify->consumer, now);
}

static void outputs_work(struct notify *notify, struct loop *loop, struct moment now)
{
	for (size_t i = 0; i < notify->output_count; i++) {
		struct output *output = notify->outputs[i];

		output->idle = loop->stops || !is_active(notify, now.monotonic);
		output->due = output->type->work(output, now);
		output->thinning =
			output->thinning && queue_waiting(output->queue) > LIMIT_WAITING / 2;
		if (output->ended != 0 && !loop->stops)
			loop_stop(notify, loop, output->ended);
	}
}

/* Standard input has ended: what is left is delivered, within FINISH_LIMIT. */
static void input_finish(struct notify *notify, struct loop *loop, struct moment now)
{
	if (notify->input == NULL || !notify->input->ended || loop->give_up != NSEC_NEVER)
		return;
	judge_finish(notify->judge, now);
	for (size_t i = 0; i < notify->output_count; i++) {
		notify->outputs[i]->finishing = true;
		notify->outputs[i]->held_until = 0;
	}
	if (notify->input->failed)
		loop->status = EX_NOINPUT;
	loop->give_up = now.monotonic + FINISH_LIMIT;
	outputs_work(notify, loop, now);
}

static void loop_work(struct notify *notify, struct loop *loop, struct moment now)
{
	if (notify->consumer != NULL)
		consumer_receive(notify->consumer, now);
	else if (notify->input != NULL && !loop->stops)
		input_work(notify->input, notify, now);
	if (is_active(notify, now.monotonic))
		judge_tick(notify->judge, now, TICK_MAX);
	outputs_work(notify, loop, now);
	if (notify->consumer != NULL)
		consumer_send(
			notify->consumer, loop->stops, total(notify, queue_under_way) > 0, now);
	input_finish(notify, loop, now);
}

/* The status of an output that has ended says more. */
static void loop_fail(struct loop *loop)
{
	if (loop->status != EX_IOERR)
		loop->status = EX_TEMPFAIL;
}

static void left_report(const struct notify *notify, struct loop *loop)
{
	size_t left = total(notify, queue_waiting);

	if (left == 0 || notify->consumer != NULL)
		return;
	log_error("not delivered: %zu notification%s", left, number_plural(left));
	loop_fail(loop);
}

static void test_report(const struct notify *notify, struct loop *loop)
{
	for (size_t i = 0; i < notify->output_count; i++) {
		const struct output *output = notify->outputs[i];

		if (output->delivered > 0) {
			log_info("output %s: the test was delivered", output->name);
			continue;
		}
		log_error("output %s: the test was not delivered%s", output->name,
			output->failures + output->dropped > 0 ? "" : " within 60 s");
		loop_fail(loop);
	}
}

/* Whether nothing waits; a test is tried once. */
static bool all_is_delivered(const struct notify *notify)
{
	for (size_t i = 0; i < notify->output_count; i++)
		if (queue_waiting(notify->outputs[i]->queue) > 0 &&
			!(notify->options->test && notify->outputs[i]->failures > 0))
			return false;
	return true;
}

/* Whether all that can be done is done. */
static bool loop_ended(const struct notify *notify, struct loop *loop, struct moment now)
{
	if (now.monotonic >= loop->give_up ||
		(loop->give_up != NSEC_NEVER && all_is_delivered(notify)))
		return true;
	if (!loop->stops || total(notify, queue_under_way) > 0)
		return false;
	if (loop->release_end == NSEC_NEVER)
		loop->release_end = now.monotonic + RELEASE_LIMIT;
	return notify->consumer == NULL || now.monotonic >= loop->release_end ||
	       consumer_released(notify->consumer);
}

static nsec loop_deadline(const struct notify *notify, const struct loop *loop, nsec now)
{
	nsec next = nsec_earlier(loop->give_up, loop->release_end);

	next = nsec_earlier(next, watchdog_deadline(&loop->watchdog));
	next = nsec_earlier(next, loop->metrics_at);
	if (notify->consumer != NULL)
		next = nsec_earlier(next, consumer_deadline(notify->consumer));
	if (is_active(notify, now))
		next = nsec_earlier(next, judge_deadline(notify->judge));
	for (size_t i = 0; i < notify->output_count; i++)
		next = nsec_earlier(next, notify->outputs[i]->due);
	return next;
}

static void loop_wait(const struct notify *notify, nsec deadline, nsec now)
{
	struct pollfd fds[POLLED_MAX];
	struct timespec left;
	size_t count = 0;

	if (notify->consumer != NULL) {
		consumer_poll(notify->consumer, fds);
		count += CONSUMER_FDS;
	} else if (notify->input != NULL) {
		input_poll(notify->input, &fds[count++]);
	}
	for (size_t i = 0; i < notify->output_count; i++)
		if (notify->outputs[i]->type->poll != NULL)
			count += notify->outputs[i]->type->poll(
				notify->outputs[i], fds + count, now);
	signals_poll(fds, count, clock_timeout(clock_monotonic(), deadline, &left));
}

/* What the supervisor and the administrator see. */
static void loop_report(struct notify *notify, struct loop *loop, struct moment now)
{
	if (watchdog_due(&loop->watchdog, true, now.monotonic))
		ready_notify("WATCHDOG=1");
	if (signal_arrived(SIGUSR1))
		metrics_log(notify);
	if (signal_arrived(SIGHUP))
		log_info("SIGHUP: there is nothing to reload; restart to change an option");
	if (now.monotonic < loop->metrics_at)
		return;
	metrics_write(notify, notify->options->metrics_file);
	loop->metrics_at = now.monotonic + METRICS_INTERVAL;
}

int notify_run(struct notify *notify)
{
	const struct options *options = notify->options;
	struct moment now = moment_now();
	struct loop loop = {
		.watchdog = watchdog_asked(),
		.metrics_at = options->metrics_file != NULL ? now.monotonic : NSEC_NEVER,
		.give_up = options->test ? now.monotonic + FINISH_LIMIT : NSEC_NEVER,
		.release_end = NSEC_NEVER,
	};

	loop_work(notify, &loop, now);
	while (!loop_ended(notify, &loop, now)) {
		loop_report(notify, &loop, now);
		loop_wait(notify, loop_deadline(notify, &loop, now.monotonic), now.monotonic);
		now = moment_now();
		if (signals_say_stop())
			loop_stop(notify, &loop, loop.status);
		loop_work(notify, &loop, now);
	}
	if (options->test)
		test_report(notify, &loop);
	else
		left_report(notify, &loop);
	metrics_write(notify, options->metrics_file);
	return loop.status;
}
