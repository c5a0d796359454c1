/* SPDX-License-Identifier: MIT */
/* Events that were read and not yet answered for, oldest first. {0} is an empty one. */
#ifndef HTTPBROKER_SUBMIT_QUEUE_H
#define HTTPBROKER_SUBMIT_QUEUE_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where an event comes from, to name it by. */
struct origin {
	const char *file; /* not owned; must outlive the event; NULL: there is only one */
	uint64_t line;    /* of it, from 1; 0: it is the only event */
};

struct queued {
	struct queued *next;
	struct origin origin;
	nsec arrived;  /* wall clock */
	bool timeless; /* it has an entity and no time: after a while it is given `arrived` */
	size_t length; /* of json, its NUL not counted */
	char json[];   /* one object */
};

struct queue {
	struct queued *first; /* NULL: empty */
	struct queued *last;
	size_t count;
	size_t bytes; /* of memory, about: what a limit goes by */
};

/* Appends a copy of `length` bytes at `json`; of `event` all but next and length is taken. */
void queue_append(struct queue *queue, const struct queued *event, const char *json, size_t length);

/* Drops the one behind `before`, or the first where that is NULL; there must be one. */
void queue_drop(struct queue *queue, struct queued *before);

void queue_clear(struct queue *queue);

/*
 * The body of one POST out of the first of a queue: a single event as it is, several as an array.
 * Pure.
 */

#define BATCH_MAX 30000   /* events: the broker's limit */
#define BATCH_DEFAULT 500 /* events */
#define BATCH_BYTES \
	((size_t)512 * 1024) /* beyond which no more are added; the broker takes 1 MiB */

/* An event that has waited so long no longer happens "now": it is sent with its time. Shorter
 * than that the clock of this machine, which may be wrong, had better be left out of it. */
#define BATCH_LATE (5 * NSEC_PER_SEC)

/* Writes it into `body`, which is cleared first, and returns how many events it holds. */
size_t batch_fill(struct buffer *body, const struct queue *queue, size_t max, nsec wall);

/* Appends one event, with its time if it lacks one. */
void event_append_timed(struct buffer *out, const struct queued *event);

#endif
