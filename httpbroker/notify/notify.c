/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/notify.h"

#include "common/memory.h"
#include "common/random.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/limits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct notify *notify_new(const struct options *options)
{
	struct notify *notify = memory_zeroed(1, sizeof *notify);
	struct judge_settings rules = options->rules;
	struct siphash_key key;

	rules.tell = notify_tell;
	rules.context = notify;
	random_bytes(&key, sizeof key);
	notify->options = options;
	notify->problems = problems_new(&key);
	notify->judge = judge_new(&rules, notify->problems);
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
	for (size_t i = 0; i < notify->output_count; i++)
		if (strcmp(notify->outputs[i]->name, output->name) == 0)
			die(EX_USAGE, "two outputs are the same: %s", output->name);
	output->test = notify->options->test;
	output->queue =
		queue_new(LIMIT_WAITING, notify->options->from_redis && !notify->options->test);
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

void notify_tell(const struct notification *notification, void *context)
{
	struct notify *notify = context;
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
	notify->skipped++;
	log_limited(&notify->skips, now, log_warning, "%s %" PRIu64 ": %s; the event is skipped",
		place, number, why);
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
		notify->lag = now.wall / NSEC_PER_SEC - event.time;
	}
	json_decref(document);
}
