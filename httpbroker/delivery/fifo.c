/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/fifo.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1000 };

/* The room that those who have left have had at the front is used before there is made more. */
static void room_make(struct fifo *line)
{
	size_t length = fifo_length(line);

	if (line->first > 0 && line->first >= line->capacity / 2) {
		memmove(line->checks, line->checks + line->first, length * sizeof line->checks[0]);
		line->first = 0;
		line->end = length;
		return;
	}
	line->capacity = line->capacity == 0 ? CAPACITY_FIRST : 2 * line->capacity;
	line->checks = memory_resized(line->checks, line->capacity * sizeof line->checks[0]);
}

void fifo_append(struct fifo *line, struct check *check)
{
	if (line->end == line->capacity)
		room_make(line);
	line->checks[line->end++] = check;
}

struct check *fifo_first(const struct fifo *line)
{
	return line->first < line->end ? line->checks[line->first] : NULL;
}

struct check *fifo_take(struct fifo *line)
{
	struct check *check = fifo_first(line);

	if (check != NULL && ++line->first == line->end)
		line->first = line->end = 0;
	return check;
}

size_t fifo_length(const struct fifo *line)
{
	return line->end - line->first;
}

void fifo_free(struct fifo *line)
{
	free(line->checks);
}
