/* SPDX-License-Identifier: MIT */
/* httpbroker-notify: turns the stream of events into notifications of changes. */
#include "common/descriptors.h"
#include "common/log.h"
#include "common/ready.h"
#include "common/secret.h"
#include "common/signals.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/notify.h"
#include "httpbroker/notify/options.h"

#include <limits.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

static void alertmanagers_make(struct notify *notify, const struct options *options)
{
	struct reason why;

	for (size_t i = 0; i < options->alertmanager_count; i++) {
		struct output *output =
			alertmanager_output(options->alertmanagers[i], &options->alerts, &why);

		if (output == NULL)
			die(EX_USAGE, "--alertmanager: %s", why.text);
		notify_add(notify, output);
	}
}

static void outputs_make(struct notify *notify, const struct options *options)
{
	alertmanagers_make(notify, options);
	if (options->command != NULL)
		notify_add(
			notify, command_output(options->command, options->jobs, &options->style));
	if (notify->output_count == 0)
		notify_add(notify, stdout_output(&options->style));
}

static void test_tell(struct notify *notify)
{
	char host[HOST_NAME_MAX + 1] = "";
	int64_t time = clock_wall() / NSEC_PER_SEC;

	gethostname(host, sizeof host - 1);
	struct notification test = {
		.kind = NOTIFICATION_TEST,
		.entity = text_literal(host),
		.check = text_literal("httpbroker-notify"),
		.summary = text_literal("a test by httpbroker-notify --test"),
		.time = time,
		.since = time,
	};
	notification_identify(&test);
	notify_tell(&test, notify);
}

/* The events come from Redis, from standard input, or there are none but a test. */
static int run(struct notify *notify, const struct options *options)
{
	if (options->test) {
		test_tell(notify);
		return notify_run(notify);
	}
	if (options->from_redis)
		notify->consumer = consumer_new(notify, clock_monotonic());
	else
		notify->input = input_new();
	ready_announce(options->ready_fd);
	int status = notify_run(notify);
	ready_notify("STOPPING=1");
	return status;
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
	redis_options_free(&options.redis);
	return status;
}
