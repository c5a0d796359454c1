/* SPDX-License-Identifier: MIT */
/*
 * The body of one POST out of the first of a queue: a single event as it is, several as an array.
 * Pure.
 */
#ifndef HTTPBROKER_SUBMIT_DELIVERY_BATCH_H
#define HTTPBROKER_SUBMIT_DELIVERY_BATCH_H

#include "common/buffer.h"
#include "httpbroker/submit/delivery/queue.h"

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
