/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/fifo.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1000 };

/* Reuses the room at the front before it makes more. */
static void fifo_grow(struct fifo *fifo)
{
	size_t length = fifo_length(fifo);

	if (fifo->first > 0 && fifo->first >= fifo->capacity / 2) {
		memmove(fifo->checks, fifo->checks + fifo->first, length * sizeof fifo->checks[0]);
		fifo->first = 0;
		fifo->end = length;
		return;
	}
	fifo->capacity = fifo->capacity == 0 ? CAPACITY_FIRST : 2 * fifo->capacity;
	fifo->checks = memory_resized(fifo->checks, fifo->capacity * sizeof fifo->checks[0]);
}

void fifo_append(struct fifo *fifo, struct check *check)
{
	if (fifo->end == fifo->capacity)
		fifo_grow(fifo);
	fifo->checks[fifo->end++] = check;
}

struct check *fifo_first(const struct fifo *fifo)
{
	return fifo->first < fifo->end ? fifo->checks[fifo->first] : NULL;
}

struct check *fifo_take(struct fifo *fifo)
{
	struct check *check = fifo_first(fifo);

	if (check != NULL && ++fifo->first == fifo->end)
		fifo->first = fifo->end = 0;
	return check;
}

size_t fifo_length(const struct fifo *fifo)
{
	return fifo->end - fifo->first;
}

void fifo_free(struct fifo *fifo)
{
	free(fifo->checks);
}
