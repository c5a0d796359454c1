/* SPDX-License-Identifier: MIT */
/*
 * The notifications that one channel (a room, PagerDuty, the command) has not delivered yet.
 * Strictly in order, one at a time, each tried until the receiver has answered. Pure: the caller
 * sends what queue_take() gives and reports the answer.
 *
 * It holds at most three, however long the channel is closed: the one that was tried, and those
 * behind it that still matter.
 */
#ifndef OOBETET_CHANNEL_QUEUE_H
#define OOBETET_CHANNEL_QUEUE_H

#include "common/clocks.h"
#include "oobetet/channel/notification.h"

#include <stdbool.h>
#include <stdint.h>

struct queue_rules {
	/*
	 * Rooms: people read the newest message. It replaces all that wait, and what was tried
	 * without an answer. Otherwise: an alarm that was never tried is dropped with its OK, and
	 * one that was tried is followed by its OK.
	 */
	bool latest_only;
	nsec answer_limit; /* an attempt without an answer for this long has failed */
	nsec retry_min;    /* between attempts: from this, doubling ... */
	nsec retry_max;    /* ... to this; with jitter, unless latest_only */
	uint32_t seed;     /* of the jitter */
};

#define QUEUE_MAX 3 /* an alarm that was tried, its OK, and the alarm of the next incident */

/* What a restart must know of it. */
struct queue_saved {
	char tried_key[NOTIFICATION_KEY]; /* key of the alarm tried last: it needs its OK */
	bool tried;                       /* the first notification may have been tried */
	int count;
	struct notification notifications[QUEUE_MAX];
};

struct queue;

/* Closed and empty. Free with queue_free(). */
struct queue *queue_new(const struct queue_rules *rules);
void queue_free(struct queue *queue);

/* Appends a copy. `id`, unique over all queues, names it in the answers. */
void queue_put(struct queue *queue, const struct notification *notification, uint64_t id);

/*
 * The channel can be used, or not. What was in flight when it closed has an unknown outcome and is
 * tried again. After opening, the next attempt is made at once, whatever failed before.
 */
void queue_open(struct queue *queue);
void queue_close(struct queue *queue);
bool queue_is_open(const struct queue *queue);

/*
 * True, once, if the notification that is due was never tried. From now on it counts as tried:
 * record that before queue_take().
 */
bool queue_intend(struct queue *queue, nsec now);

/* True, once, if the attempt in flight got no answer in time. Call it before queue_intend(). */
bool queue_expire(struct queue *queue, nsec now);

/* What to try now, or NULL. It is in flight from now on, and stays the queue's. */
const struct notification *queue_take(struct queue *queue, nsec now, uint64_t *id);

/* Who sends it and reports the answer: the xmpp worker, the http worker, the command. */
enum channel_type { CHANNEL_ROOM, CHANNEL_PAGERDUTY, CHANNEL_COMMAND };

enum answer {
	ANSWER_DONE,    /* the receiver has it */
	ANSWER_REFUSED, /* the receiver will never accept it: it is dropped */
	ANSWER_FAILED,  /* no valid answer: it is tried again */
};

/* False if `id` does not wait for an answer here. A late answer to an earlier attempt counts. */
bool queue_answer(struct queue *queue, uint64_t id, enum answer answer, nsec now);

/* When queue_take() will have something to do if nothing else happens. */
nsec queue_deadline(const struct queue *queue);

void queue_remember(const struct queue *queue, struct queue_saved *past);

/* Into an empty queue: what was saved, under ids counted on from *last_id. */
void queue_resume(struct queue *queue, const struct queue_saved *past, uint64_t *last_id);

/* How many wait for an answer or an attempt. */
int queue_count(const struct queue *queue);

#endif
