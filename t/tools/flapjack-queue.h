/* SPDX-License-Identifier: MIT */
/*
 * Flapjack's end of the event queue in Redis. Flapjack 2 waits for a token on `<queue>_actions`
 * and then drains `<queue>`; Flapjack 1 waits on `<queue>` itself. The waiting is done outside, on
 * the descriptor; everything else blocks for the moment that a Redis on this machine needs.
 */
#ifndef T_TOOLS_FLAPJACK_QUEUE_H
#define T_TOOLS_FLAPJACK_QUEUE_H

#include "common/address.h"
#include "t/tools/flapjack-event.h"

struct queue;

/* `name` must outlive the queue. */
struct queue *queue_open(const struct address *redis, int database, const char *name,
	enum flapjack_version version, struct reason *why);

/* Readable when queue_take() is due. */
int queue_fd(const struct queue *queue);

typedef void queue_handler(void *user, const char *event, size_t length);

/* Passes the queued events to the handler, oldest first. False: an error of Redis. */
bool queue_take(struct queue *queue, queue_handler *handler, void *user, struct reason *why);

/* Adds a rejected event to Flapjack's list of them: `<queue>_rejected:YYYYMMDDHH` (UTC). */
bool queue_reject(
	struct queue *queue, const char *event, size_t length, nsec wall, struct reason *why);

void queue_close(struct queue *queue);

#endif
