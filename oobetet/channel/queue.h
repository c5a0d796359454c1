/* SPDX-License-Identifier: MIT */
/*
 * What one road (a room, PagerDuty) has still to be told of one watch. Strictly in order, one at
 * a time, each tried until the receiver has answered for it. Pure: the caller carries what
 * queue_take() gives and brings back the answer.
 *
 * It holds at most three notices, however long the road is closed: the one that was tried, and of
 * what waits behind it only what still matters.
 */
#ifndef OOBETET_CHANNEL_QUEUE_H
#define OOBETET_CHANNEL_QUEUE_H

#include "common/clocks.h"
#include "oobetet/channel/notification.h"

#include <stdbool.h>
#include <stdint.h>

struct queue_rules {
	/*
	 * A road of people, who read the newest line: it takes the place of all that wait, and
	 * of what was tried without an answer.
	 * Otherwise a road of incidents: an alarm that was never tried is dropped with its OK, and
	 * one that was tried is followed by its OK.
	 */
	bool latest_only;
	nsec answer_limit; /* an attempt without an answer for this long has failed */
	nsec retry_min;    /* between attempts: from this, doubling ... */
	nsec retry_max;    /* ... to this; with jitter, but for roads of people */
	uint32_t seed;     /* of the jitter */
};

#define QUEUE_MAX 3 /* an alarm that was tried, its OK, and the alarm of the next incident */

/* What a restart must know of it. */
struct queue_saved {
	char told[NOTIFICATION_KEY]; /* the incident whose alarm was tried last: it needs its OK */
	bool tried;                  /* the first of the notices has perhaps been tried */
	int count;
	struct notification notifications[QUEUE_MAX];
};

struct queue;

/* Closed and empty. Free with queue_free(). */
struct queue *queue_new(const struct queue_rules *rules);
void queue_free(struct queue *queue);

/* Puts a copy behind what waits. `id`, unique over all outboxes, names it in the answers. */
void queue_put(struct queue *queue, const struct notification *notification, uint64_t id);

/*
 * The road is there, or is gone. What was under way when it closed has an unknown outcome and is
 * tried again. An opened road is tried at once, whatever failed on it before.
 */
void queue_open(struct queue *queue);
void queue_close(struct queue *queue);

/*
 * What is to be tried now has never been tried: from now on it counts as if it had. True if so,
 * once: that is to be written down before queue_take().
 */
bool queue_intend(struct queue *queue, nsec now);

/*
 * True, once: the attempt that was under way has had no answer in time, so it has failed. Ask
 * before queue_intend().
 */
bool queue_expire(struct queue *queue, nsec now);

/* What to try now, or NULL. It is under way from now on, and stays the outbox's. */
const struct notification *queue_take(struct queue *queue, nsec now, uint64_t *id);

/* Who carries it, and answers for it. */
enum channel_type { CHANNEL_ROOM, CHANNEL_PAGERDUTY, CHANNEL_COMMAND };

enum answer {
	ANSWER_DONE,    /* the receiver has it */
	ANSWER_REFUSED, /* the receiver never wants it: it is dropped */
	ANSWER_FAILED,  /* nobody answered for it: it is tried again */
};

/* False if `id` is not one that waits for an answer here; a late answer to an earlier attempt is.
 */
bool queue_answer(struct queue *queue, uint64_t id, enum answer answer, nsec now);

/* When queue_take() will have something to do if nothing else happens. */
nsec queue_deadline(const struct queue *queue);

void queue_remember(const struct queue *queue, struct queue_saved *past);

/* Into an empty one: what was there before, under ids counted on from *last_id. */
void queue_resume(struct queue *queue, const struct queue_saved *past, uint64_t *last_id);

/* How many have not been answered for. */
int queue_count(const struct queue *queue);

#endif
