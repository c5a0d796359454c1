/* SPDX-License-Identifier: MIT */
/* States in a line: who comes first leaves first. They are not owned. */
#ifndef HTTPBROKER_DELIVERY_FIFO_H
#define HTTPBROKER_DELIVERY_FIFO_H

#include "httpbroker/checks/checks.h"

/* {0} is an empty one. */
struct fifo {
	struct check **checks; /* those in it are from `first` on, up to `end` */
	size_t first, end, capacity;
};

void fifo_append(struct fifo *line, struct check *check);

/* The first; NULL: it is empty. The other one takes it out as well. */
struct check *fifo_first(const struct fifo *line);
struct check *fifo_take(struct fifo *line);

size_t fifo_length(const struct fifo *line);

/* The memory, not the states. */
void fifo_free(struct fifo *line);

#endif
