/* SPDX-License-Identifier: MIT */
/* States in a line: who comes first leaves first. They are not owned. */
#ifndef HTTPBROKER_DELIVERY_FIFO_H
#define HTTPBROKER_DELIVERY_FIFO_H

#include "httpbroker/checks/checks.h"

/* {0} is an empty one. */
struct line {
	struct check **checks; /* those in it are from `first` on, up to `end` */
	size_t first, end, capacity;
};

void line_append(struct line *line, struct check *check);

/* The first; NULL: it is empty. The other one takes it out as well. */
struct check *line_first(const struct line *line);
struct check *line_take(struct line *line);

size_t line_length(const struct line *line);

/* The memory, not the states. */
void line_free(struct line *line);

#endif
