/* SPDX-License-Identifier: MIT */
/* httpbroker-notify: turns the stream of events into notifications of changes. */
#include "common/log.h"
#include "common/ready.h"
#include "common/secret.h"
#include "common/signals.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/notify.h"
#include "httpbroker/notify/options.h"

#include <signal.h>

static void outputs_make(struct notify *notify, const struct options *options)
{
	const struct line_style style = {options->json, options->flapjack};

	notify_add(notify, stdout_output(&style));
}

int main(int argc, char **argv)
{
	log_open("httpbroker-notify");
	secret_protect_process();
	struct options options = options_read(argc, argv);
	log_never_wait();
	if (options.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	signals_catch((const int[]){SIGTERM, SIGINT}, 2);

	struct notify *notify = notify_new(&options);
	outputs_make(notify, &options);
	if (options.redis)
		notify->consumer = consumer_new(notify, clock_monotonic());
	else
		notify->input = input_new();
	ready_announce(options.ready_fd);

	int status = notify_run(notify);

	ready_notify("STOPPING=1");
	notify_free(notify);
	options_free(&options);
	return status;
}
