/* SPDX-License-Identifier: MIT */
#include "httpbroker/checks/fifo.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

#define FIFO_FIRST 1000 /* checks in the first room */

size_t fifo_length(const struct fifo *fifo)
{
	return fifo->end - fifo->first;
}

void fifo_append(struct fifo *fifo, struct check *check)
{
	size_t length = fifo_length(fifo);
	bool full = fifo->end == fifo->capacity;

	if (full && fifo->first > 0 && fifo->first >= fifo->capacity / 2) { /* room at the front */
		memmove(fifo->checks, fifo->checks + fifo->first, length * sizeof fifo->checks[0]);
		fifo->first = 0;
		fifo->end = length;
	} else if (full) {
		fifo->capacity = fifo->capacity == 0 ? FIFO_FIRST : 2 * fifo->capacity;
		fifo->checks =
			memory_resized(fifo->checks, fifo->capacity * sizeof fifo->checks[0]);
	}
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

void fifo_free(struct fifo *fifo)
{
	free(fifo->checks);
	*fifo = (struct fifo){NULL, 0, 0, 0};
}
