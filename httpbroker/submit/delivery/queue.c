/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/queue.h"

#include "common/memory.h"

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
