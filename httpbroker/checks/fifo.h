/* SPDX-License-Identifier: MIT */
/* A first-in-first-out queue of checks, which are not owned. {0} is empty. */
#ifndef HTTPBROKER_CHECKS_FIFO_H
#define HTTPBROKER_CHECKS_FIFO_H

#include "httpbroker/checks/checks.h"

struct fifo {
	struct check **checks; /* from `first` to `end` */
	size_t first, end, capacity;
};

size_t fifo_length(const struct fifo *fifo);
void fifo_append(struct fifo *fifo, struct check *check);

/* The oldest; NULL: it is empty. The second one takes it out. */
struct check *fifo_first(const struct fifo *fifo);
struct check *fifo_take(struct fifo *fifo);

void fifo_free(struct fifo *fifo);

#endif
