/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/line.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 1000 };

/* The room that those who have left have had at the front is used before there is made more. */
static void room_make(struct line *line)
{
	size_t length = line_length(line);

	if (line->first > 0 && line->first >= line->capacity / 2) {
		memmove(line->states, line->states + line->first, length * sizeof line->states[0]);
		line->first = 0;
		line->end = length;
		return;
	}
	line->capacity = line->capacity == 0 ? CAPACITY_FIRST : 2 * line->capacity;
	line->states = memory_resized(line->states, line->capacity * sizeof line->states[0]);
}

void line_append(struct line *line, struct state *state)
{
	if (line->end == line->capacity)
		room_make(line);
	line->states[line->end++] = state;
}

struct state *line_first(const struct line *line)
{
	return line->first < line->end ? line->states[line->first] : NULL;
}

struct state *line_take(struct line *line)
{
	struct state *state = line_first(line);

	if (state != NULL && ++line->first == line->end)
		line->first = line->end = 0;
	return state;
}

size_t line_length(const struct line *line)
{
	return line->end - line->first;
}

void line_free(struct line *line)
{
	free(line->states);
}
