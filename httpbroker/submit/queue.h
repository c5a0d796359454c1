/* SPDX-License-Identifier: MIT */
/* Events without a response yet, oldest first. {0} is an empty queue. */
#ifndef HTTPBROKER_SUBMIT_QUEUE_H
#define HTTPBROKER_SUBMIT_QUEUE_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The place of an event in the input, for messages. */
struct origin {
	const char *file; /* not owned; must outlive the event; NULL: the only input */
	uint64_t line;    /* from 1; 0: the only event */
};

struct queued {
	struct queued *next;
	struct origin origin;
	nsec arrived;  /* wall clock */
	bool timeless; /* it has an entity and no time: a late one is sent with `arrived` */
	size_t length; /* of json, without the NUL */
	char json[];   /* one object */
};

struct queue {
	struct queued *first; /* NULL: empty */
	struct queued *last;
	size_t count;
	size_t bytes; /* of memory, about; for limits */
};

/* Appends a copy of `length` bytes at `json` with the other members of `event`. */
void queue_append(struct queue *queue, const struct queued *event, const char *json, size_t length);

/* Drops the event behind `before` (NULL: the first), which must exist. */
void queue_drop(struct queue *queue, struct queued *before);

void queue_clear(struct queue *queue);

/*
 * The body of one POST from the first events of a queue: a single event as it is, several as an
 * array. Pure.
 */

#define BATCH_DEFAULT 500                /* events */
#define BATCH_BYTES ((size_t)512 * 1024) /* of a body, unless its first event is longer */

/* An event older than this is sent with its time. A younger one is not, as the clock of this
 * machine may be wrong. */
#define BATCH_LATE (5 * NSEC_PER_SEC)

/* Replaces `body`. Returns the number of its events. */
size_t batch_fill(struct buffer *body, const struct queue *queue, size_t max, nsec wall);

/* Appends one event, with its time if it lacks one. */
void event_append_timed(struct buffer *out, const struct queued *event);

#endif
