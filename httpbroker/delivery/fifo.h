/* SPDX-License-Identifier: MIT */
/* A first-in-first-out queue of checks, which are not owned. {0} is empty. */
#ifndef HTTPBROKER_DELIVERY_FIFO_H
#define HTTPBROKER_DELIVERY_FIFO_H

#include "httpbroker/checks/checks.h"

struct fifo {
	struct check **checks; /* from `first` to `end` */
	size_t first, end, capacity;
};

void fifo_append(struct fifo *fifo, struct check *check);

/* The first, or NULL; removes it as well. */
struct check *fifo_first(const struct fifo *fifo);
struct check *fifo_take(struct fifo *fifo);

size_t fifo_length(const struct fifo *fifo);

/* The memory, not the checks. */
void fifo_free(struct fifo *fifo);

#endif
