/* SPDX-License-Identifier: MIT */
/* Events that were read and not yet answered for, oldest first. {0} is an empty one. */
#ifndef HTTPBROKER_SUBMIT_DELIVERY_QUEUE_H
#define HTTPBROKER_SUBMIT_DELIVERY_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct queued {
	struct queued *next;
	uint64_t line; /* of the input */
	size_t length; /* of json, its NUL not counted */
	char json[];
};

struct queue {
	struct queued *first; /* NULL: empty */
	struct queued *last;
	size_t count;
	size_t bytes; /* of memory, about: what a limit goes by */
};

void queue_append(struct queue *queue, uint64_t line, const char *json, size_t length);

/* Drops the first; there must be one. */
void queue_drop(struct queue *queue);

void queue_clear(struct queue *queue);

#endif
