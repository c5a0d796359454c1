/* SPDX-License-Identifier: MIT */
/*
 * httpbroker-notify: turns the stream of events into notifications of changes. The loop: input,
 * judge, outputs, commit; then it sleeps until the next deadline.
 */
#include "common/descriptors.h"
#include "common/number.h"
#include "common/ready.h"
#include "common/secret.h"
#include "common/signals.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/notify.h"

#include <limits.h>
#include <poll.h>
#include <sysexits.h>
#include <unistd.h>
#include <utlist.h>

enum { TICK_MAX = 1000, POLLED_MAX = CONSUMER_FDS + OUTPUTS_MAX * OUTPUT_FDS };

#define FINISH_LIMIT (60 * NSEC_PER_SEC) /* for what waits, after the last event, or for a test */
#define RELEASE_LIMIT (3 * NSEC_PER_SEC) /* for the last commit */

#define METRICS_INTERVAL (10 * NSEC_PER_SEC)

struct loop {
	struct notify *notify;
	struct consumer *consumer; /* the events come from Redis; NULL: from the input */
	struct input input;        /* standard input; it has ended if it is not read */
	int status;
	struct watchdog watchdog;
	nsec metrics_at;  /* monotonic; when they are written next */
	nsec give_up;     /* monotonic; no event will come */
	nsec release_end; /* the same; nothing is under way any more */
};

static void loop_stop(struct loop *loop, int status)
{
	loop->notify->phase.stopping = true;
	loop->status = status;
}

/* In a stand-by timers do nothing, and outputs begin nothing. */
static bool is_active(const struct loop *loop, nsec now)
{
	return loop->consumer == NULL || consumer_runs(loop->consumer, now);
}

static bool is_under_way(const struct loop *loop)
{
	const struct output *output;

	LL_FOREACH(loop->notify->outputs, output)
		if (output->queue.under_way > 0)
			return true;
	return false;
}

static void outputs_work(struct loop *loop, struct moment now)
{
	struct output_phase *phase = &loop->notify->phase;
	struct output *output;

	phase->idle = phase->stopping || !is_active(loop, now.monotonic);
	LL_FOREACH(loop->notify->outputs, output) {
		output->due = output->type->work(output, now);
		output->thinning = output->thinning && output->queue.waiting > LIMIT_WAITING / 2;
		if (output->ended != 0 && !phase->stopping)
			loop_stop(loop, output->ended);
	}
}

/* Standard input has ended: what is left is delivered, within FINISH_LIMIT. */
static void input_finish(struct loop *loop, struct moment now)
{
	struct output *output;

	if (loop->consumer != NULL || !loop->input.ended || loop->give_up != NSEC_NEVER)
		return;
	judge_finish(&loop->notify->judge, now);
	loop->notify->phase.finishing = true;
	LL_FOREACH(loop->notify->outputs, output)
		output->held_until = 0;
	if (loop->input.failed)
		loop->status = EX_NOINPUT;
	loop->give_up = now.monotonic + FINISH_LIMIT;
	outputs_work(loop, now);
}

static void loop_work(struct loop *loop, struct moment now)
{
	if (loop->consumer != NULL)
		consumer_receive(loop->consumer, now);
	else if (!loop->notify->phase.stopping)
		input_work(&loop->input, loop->notify, now);
	if (is_active(loop, now.monotonic))
		judge_tick(&loop->notify->judge, now, TICK_MAX);
	outputs_work(loop, now);
	if (loop->consumer != NULL)
		consumer_send(loop->consumer, is_under_way(loop), now);
	input_finish(loop, now);
}

/* Whether nothing waits; a test is tried once. */
static bool all_is_delivered(const struct loop *loop)
{
	const struct output *output;

	LL_FOREACH(loop->notify->outputs, output)
		if (output->queue.waiting > 0 && !(output->phase->test && output->failures > 0))
			return false;
	return true;
}

/* Whether all that can be done is done. */
static bool loop_ended(struct loop *loop, struct moment now)
{
	if (now.monotonic >= loop->give_up ||
		(loop->give_up != NSEC_NEVER && all_is_delivered(loop)))
		return true;
	if (!loop->notify->phase.stopping || is_under_way(loop))
		return false;
	if (loop->release_end == NSEC_NEVER)
		loop->release_end = now.monotonic + RELEASE_LIMIT;
	return loop->consumer == NULL || now.monotonic >= loop->release_end ||
	       consumer_released(loop->consumer);
}

static nsec loop_deadline(const struct loop *loop, nsec now)
{
	nsec next = nsec_earlier(loop->give_up, loop->release_end);
	const struct output *output;

	next = nsec_earlier(next, watchdog_deadline(&loop->watchdog));
	next = nsec_earlier(next, loop->metrics_at);
	if (loop->consumer != NULL)
		next = nsec_earlier(next, consumer_deadline(loop->consumer));
	if (is_active(loop, now))
		next = nsec_earlier(next, judge_deadline(&loop->notify->judge));
	LL_FOREACH(loop->notify->outputs, output)
		next = nsec_earlier(next, output->due);
	return next;
}

static void loop_wait(const struct loop *loop, nsec now)
{
	struct pollfd fds[POLLED_MAX];
	struct timespec left;
	const struct output *output;
	size_t count = 0;

	if (loop->consumer != NULL)
		count = consumer_poll(loop->consumer, fds);
	else if (!loop->input.ended)
		fds[count++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	LL_FOREACH(loop->notify->outputs, output)
		if (output->type->poll != NULL)
			count += output->type->poll(output, fds + count, now);
	signals_poll(fds, count, clock_timeout(clock_monotonic(), loop_deadline(loop, now), &left));
}

/* What the supervisor and the administrator see. */
static void loop_report(struct loop *loop, nsec now)
{
	if (watchdog_due(&loop->watchdog, true, now))
		ready_notify("WATCHDOG=1");
	if (signal_arrived(SIGUSR1))
		metrics_log(loop->notify, loop->consumer);
	if (signal_arrived(SIGHUP))
		log_info("SIGHUP: there is nothing to reload; restart to change an option");
	if (now < loop->metrics_at)
		return;
	metrics_write(loop->notify, loop->consumer, loop->notify->options->metrics_file);
	loop->metrics_at = now + METRICS_INTERVAL;
}

/* Until the input ends or a signal says so; a test: until every output has tried to deliver it. */
static void loop_run(struct loop *loop)
{
	struct moment now = moment_now();

	loop_work(loop, now);
	while (!loop_ended(loop, now)) {
		loop_report(loop, now.monotonic);
		loop_wait(loop, now.monotonic);
		now = moment_now();
		if (signals_say_stop())
			loop_stop(loop, loop->status);
		loop_work(loop, now);
	}
}

/* The status of an output that has ended says more. */
static void loop_fail(struct loop *loop)
{
	if (loop->status != EX_IOERR)
		loop->status = EX_TEMPFAIL;
}

/* What is left in Redis is delivered later. */
static void left_report(struct loop *loop)
{
	const struct output *output;
	size_t left = 0;

	LL_FOREACH(loop->notify->outputs, output)
		left += output->queue.waiting;
	if (left == 0 || loop->consumer != NULL)
		return;
	log_error("not delivered: %zu notification%s", left, number_plural(left));
	loop_fail(loop);
}

static void test_report(struct loop *loop)
{
	const struct output *output;

	LL_FOREACH(loop->notify->outputs, output) {
		if (output->delivered > 0) {
			log_info("output %s: the test was delivered", output->name);
			continue;
		}
		log_error("output %s: the test was not delivered%s", output->name,
			output->failures + output->dropped > 0 ? "" : " within 60 s");
		loop_fail(loop);
	}
}

static void test_tell(struct notify *notify)
{
	char host[HOST_NAME_MAX + 1] = "";
	int64_t time = clock_wall() / NSEC_PER_SEC;

	gethostname(host, sizeof host - 1);
	const struct notification test = {
		.kind = NOTIFICATION_TEST,
		.entity = text_literal(host),
		.check = text_literal("httpbroker-notify"),
		.summary = text_literal("a test by httpbroker-notify --test"),
		.time = time,
		.since = time,
	};
	notify_tell(&test, notify);
}

/* The events come from Redis, from standard input, or there are none but a test. */
static int run(struct notify *notify, const struct options *options)
{
	nsec now = clock_monotonic();
	struct loop loop = {
		.notify = notify,
		.watchdog = watchdog_asked(),
		.metrics_at = options->metrics_file != NULL ? now : NSEC_NEVER,
		.give_up = options->test ? now + FINISH_LIMIT : NSEC_NEVER,
		.release_end = NSEC_NEVER,
	};

	input_init(&loop.input, !options->test && !options->from_redis);
	if (options->test)
		test_tell(notify);
	else if (options->from_redis)
		loop.consumer = consumer_new(notify, now);
	if (!options->test)
		ready_announce(options->ready_fd);
	loop_run(&loop);
	if (options->test)
		test_report(&loop);
	else
		left_report(&loop);
	metrics_write(notify, loop.consumer, options->metrics_file);
	if (!options->test)
		ready_notify("STOPPING=1");
	lines_free(&loop.input.lines);
	consumer_free(loop.consumer);
	return loop.status;
}

static void outputs_make(struct notify *notify, const struct options *options)
{
	struct reason why;

	for (size_t i = 0; i < options->alertmanager_count; i++) {
		struct output *output =
			alertmanager_output(options->alertmanagers[i], &options->alerts, &why);

		if (output == NULL)
			die(EX_USAGE, "--alertmanager: %s", why.text);
		notify_add(notify, output);
	}
	if (options->command != NULL)
		notify_add(
			notify, command_output(options->command, options->jobs, &options->style));
	if (notify->outputs == NULL)
		notify_add(notify, stdout_output(&options->style));
}

int main(int argc, char **argv)
{
	bool input_open = descriptor_is_open(STDIN_FILENO);
	bool output_open = descriptor_is_open(STDOUT_FILENO);

	log_open("httpbroker-notify");
	secret_protect_process();
	struct options options = options_read(argc, argv);
	if (!input_open && !options.from_redis && !options.test)
		die(EX_NOINPUT, "standard input is closed");
	if (!output_open && options.command == NULL && options.alertmanager_count == 0)
		die(EX_CANTCREAT, "standard output is closed");
	log_never_wait();
	if (options.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1}, 5);

	struct notify *notify = notify_new(&options);
	outputs_make(notify, &options);
	int status = run(notify, &options);

	notify_free(notify);
	options_free(&options);
	return status;
}
