/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/queue.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

static size_t queued_size(size_t length)
{
	return sizeof(struct queued) + length + 1;
}

void queue_append(struct queue *queue, uint64_t line, const char *json, size_t length)
{
	struct queued *event = memory_resized(NULL, queued_size(length));

	*event = (struct queued){.line = line, .length = length};
	memcpy(event->json, json, length);
	event->json[length] = '\0';
	if (queue->last != NULL)
		queue->last->next = event;
	else
		queue->first = event;
	queue->last = event;
	queue->count++;
	queue->bytes += queued_size(length);
}

void queue_drop(struct queue *queue)
{
	struct queued *event = queue->first;

	queue->first = event->next;
	if (queue->first == NULL)
		queue->last = NULL;
	queue->count--;
	queue->bytes -= queued_size(event->length);
	free(event);
}

void queue_clear(struct queue *queue)
{
	while (queue->first != NULL)
		queue_drop(queue);
}
