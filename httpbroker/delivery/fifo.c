/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/fifo.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1000 };

/* The room that those who have left have had at the front is used before there is made more. */
static void room_make(struct line *line)
{
	size_t length = line_length(line);

	if (line->first > 0 && line->first >= line->capacity / 2) {
		memmove(line->checks, line->checks + line->first, length * sizeof line->checks[0]);
		line->first = 0;
		line->end = length;
		return;
	}
	line->capacity = line->capacity == 0 ? CAPACITY_FIRST : 2 * line->capacity;
	line->checks = memory_resized(line->checks, line->capacity * sizeof line->checks[0]);
}

void line_append(struct line *line, struct check *check)
{
	if (line->end == line->capacity)
		room_make(line);
	line->checks[line->end++] = check;
}

struct check *line_first(const struct line *line)
{
	return line->first < line->end ? line->checks[line->first] : NULL;
}

struct check *line_take(struct line *line)
{
	struct check *check = line_first(line);

	if (check != NULL && ++line->first == line->end)
		line->first = line->end = 0;
	return check;
}

size_t line_length(const struct line *line)
{
	return line->end - line->first;
}

void line_free(struct line *line)
{
	free(line->checks);
}
