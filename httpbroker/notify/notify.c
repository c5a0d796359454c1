/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/notify.h"

#include "common/memory.h"
#include "httpbroker/notify/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <utlist.h>

struct notify *notify_new(const struct options *options)
{
	struct notify *notify = memory_zeroed(1, sizeof *notify);

	notify->options = options;
	notify->phase.test = options->test;
	notify->judge.settings = options->rules;
	notify->judge.settings.tell = notify_tell;
	notify->judge.settings.context = notify;
	return notify;
}

void notify_free(struct notify *notify)
{
	struct output *output, *next;

	LL_FOREACH_SAFE(notify->outputs, output, next)
		output_free(output);
	problems_free(&notify->judge.problems);
	free(notify);
}

void notify_add(struct notify *notify, struct output *output)
{
	const struct output *other;

	LL_FOREACH(notify->outputs, other)
		if (strcmp(other->name, output->name) == 0)
			die(EX_USAGE, "two outputs are the same: %s", output->name);
	output->phase = &notify->phase;
	output->queue = (struct queue){
		.max = LIMIT_WAITING, .stored = notify->options->from_redis && !notify->phase.test};
	LL_APPEND(notify->outputs, output);
}

static void put(struct output *output, uint64_t check, const struct buffer *json)
{
	uint64_t before = output->queue.thinned;

	queue_put(&output->queue, check, json->data, json->length, false);
	if (output->queue.thinned == before || output->thinning)
		return;
	output->thinning = true;
	log_warning("output %s: more than %d notifications wait: only the newest of each check is "
		    "kept",
		output->name, LIMIT_WAITING);
}

void notify_tell(const struct notification *notification, void *context)
{
	struct notify *notify = context;
	struct buffer json = {NULL, 0, 0};
	uint64_t check =
		problems_check(&notify->judge.problems, notification->entity, notification->check);
	struct output *output;

	notification_encode(notification, &json);
	notify->told[notification->kind]++;
	log_debug("notification: %s", json.data);
	LL_FOREACH(notify->outputs, output)
		put(output, check, &json);
	buffer_free(&json);
}
