/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/output.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "httpbroker/notify/limits.h"

#include <stdlib.h>

struct output *output_new(const struct output_type *type, const char *name, void *self)
{
	struct output *output = memory_zeroed(1, sizeof *output);

	output->type = type;
	output->name = memory_copied(name);
	output->self = self;
	output->hold = (struct backoff){OUTPUT_PAUSE_MIN, OUTPUT_PAUSE_MAX, 0};
	return output;
}

void output_free(struct output *output)
{
	output->type->end(output);
	free(output->self);
	queue_clear(&output->queue);
	free(output->name);
	free(output->key);
	free(output);
}

struct item *output_next(struct output *output, struct notification *out, nsec now)
{
	struct item *item;
	struct reason why;

	if (output->phase->idle || now < output->held_until)
		return NULL;
	while ((item = queue_next(&output->queue, now)) != NULL) {
		if (notification_decode(item->json, item->length, out, &why))
			return item;
		output_refused(output, item, why.text);
	}
	return NULL;
}

void output_away(struct output *output, const char *why, nsec now)
{
	output->failures++;
	output->held_until = now + backoff_wait(&output->hold, random_number());
	if (output->failing_since != 0 && output->ended == 0) {
		log_debug("output %s: %s", output->name, why);
		return;
	}
	output->failing_since = now;
	log_error("output %s: %s%s", output->name, why,
		output->phase->test || output->ended != 0
			? ""
			: "; its notifications are kept and tried again");
}

void output_back(struct output *output, nsec now)
{
	char span[DURATION_TEXT];

	backoff_reset(&output->hold);
	output->held_until = 0;
	if (output->failing_since != 0)
		log_info("output %s: works again after %s", output->name,
			duration_text(now - output->failing_since, span));
	output->failing_since = 0;
}

void output_delivered(struct output *output, struct item *item, nsec now)
{
	output->delivered++;
	queue_done(&output->queue, item);
	output_back(output, now);
}

void output_failed(struct output *output, struct item *item, const char *why, nsec now)
{
	struct backoff retry = {OUTPUT_PAUSE_MIN, OUTPUT_RETRY_MAX, 0};
	nsec wait = 0;

	output_away(output, why, now);
	for (unsigned i = 0; i <= item->failures && wait < OUTPUT_RETRY_MAX / 2; i++)
		wait = backoff_wait(&retry, random_number());
	queue_retry(&output->queue, item, now + wait);
}

void output_refused(struct output *output, struct item *item, const char *why)
{
	log_error("output %s: a notification is dropped: %s: %s", output->name, why, item->json);
	output->dropped++;
	queue_done(&output->queue, item);
}

nsec output_deadline(const struct output *output, nsec now)
{
	if (output->phase->idle)
		return NSEC_NEVER;
	if (now < output->held_until)
		return output->queue.waiting > 0 ? output->held_until : NSEC_NEVER;
	return queue_deadline(&output->queue);
}
