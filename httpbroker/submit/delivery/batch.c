/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/batch.h"

#include "httpbroker/submit/event/defaults.h"

void event_append_timed(struct buffer *out, const struct queued *event)
{
	if (event->timeless)
		time_insert(event->arrived / NSEC_PER_SEC, event->json, event->length, out);
	else
		buffer_append(out, event->json, event->length);
}

static void event_append(struct buffer *out, const struct queued *event, nsec wall)
{
	if (wall - event->arrived >= BATCH_LATE)
		event_append_timed(out, event);
	else
		buffer_append(out, event->json, event->length);
}

/* How many of the first are sent together. */
static size_t fitting(const struct queue *queue, size_t max)
{
	const struct queued *event = queue->first;
	size_t bytes = 0, count = 0;

	for (; event != NULL && count < max; event = event->next, count++) {
		bytes += event->length;
		if (count > 0 && bytes > BATCH_BYTES)
			break;
	}
	return count;
}

size_t batch_fill(struct buffer *body, const struct queue *queue, size_t max, nsec wall)
{
	const struct queued *event = queue->first;
	size_t count = fitting(queue, max);

	buffer_clear(body);
	for (size_t i = 0; i < count; i++, event = event->next) {
		if (count > 1)
			buffer_append_text(body, i == 0 ? "[" : ",\n");
		event_append(body, event, wall);
	}
	if (count > 1)
		buffer_append_text(body, "]");
	return count;
}
