/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/queue.h"

#include "common/memory.h"
#include "httpbroker/submit/event.h"

#include <stdlib.h>
#include <string.h>

static size_t queued_size(size_t length)
{
	return sizeof(struct queued) + length + 1;
}

void queue_append(struct queue *queue, const struct queued *event, const char *json, size_t length)
{
	struct queued *copy = memory_resized(NULL, queued_size(length));

	*copy = *event;
	copy->next = NULL;
	copy->length = length;
	memcpy(copy->json, json, length);
	copy->json[length] = '\0';
	if (queue->last != NULL)
		queue->last->next = copy;
	else
		queue->first = copy;
	queue->last = copy;
	queue->count++;
	queue->bytes += queued_size(length);
}

void queue_drop(struct queue *queue, struct queued *before)
{
	struct queued **link = before != NULL ? &before->next : &queue->first;
	struct queued *event = *link;

	*link = event->next;
	if (queue->last == event)
		queue->last = before;
	queue->count--;
	queue->bytes -= queued_size(event->length);
	free(event);
}

void queue_clear(struct queue *queue)
{
	while (queue->first != NULL)
		queue_drop(queue, NULL);
}

void event_append_timed(struct buffer *out, const struct queued *event)
{
	if (event->timeless)
		time_insert(event->arrived / NSEC_PER_SEC, event->json, event->length, out);
	else
		buffer_append(out, event->json, event->length);
}

/* The number of first events that are sent together. */
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
		if (wall - event->arrived >= BATCH_LATE)
			event_append_timed(body, event);
		else
			buffer_append(body, event->json, event->length);
	}
	if (count > 1)
		buffer_append_text(body, "]");
	return count;
}
