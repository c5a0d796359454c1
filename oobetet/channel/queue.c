/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/queue.h"

#include "common/backoff.h"
#include "common/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct parcel {
	uint64_t id;
	struct notification notification;
};

struct queue {
	struct queue_rules rules;
	struct backoff backoff;
	uint32_t chance; /* state of the jitter's generator; never 0 */
	bool open;       /* the road is there */
	bool under_way;  /* parcels[0] has been taken and not answered */
	bool tried;      /* parcels[0] has been taken at least once */
	nsec next;       /* under way: when to give up; otherwise: when to try (again) */
	char told[NOTIFICATION_KEY]; /* the incident whose alarm was tried last: it needs its OK */
	int count;                   /* parcels in use */
	struct parcel parcels[QUEUE_MAX];
};

struct queue *queue_new(const struct queue_rules *rules)
{
	struct queue *queue = memory_zeroed(1, sizeof *queue);

	queue->rules = *rules;
	queue->backoff = (struct backoff){.min = rules->retry_min, .max = rules->retry_max};
	queue->chance = rules->seed | 1;
	return queue;
}

void queue_free(struct queue *queue)
{
	free(queue);
}

/* Marsaglia's xorshift: jitter needs no better. */
static uint32_t chance(struct queue *queue)
{
	queue->chance ^= queue->chance << 13;
	queue->chance ^= queue->chance >> 17;
	queue->chance ^= queue->chance << 5;
	return queue->chance;
}

static void parcel_drop(struct queue *queue, int i)
{
	queue->count--;
	memmove(&queue->parcels[i], &queue->parcels[i + 1],
		(size_t)(queue->count - i) * sizeof queue->parcels[0]);
	if (i == 0)
		queue->tried = queue->under_way = false;
}

/*
 * Nobody has answered for what was under way. On a road of people that does not matter if there is
 * something newer, which has its own time.
 */
static void attempt_end(struct queue *queue)
{
	queue->under_way = false;
	while (queue->rules.latest_only && queue->count > 1) {
		parcel_drop(queue, 0);
		queue->next = 0;
	}
}

/* On a road of people: whatever is not under way gives way, and does not hold the newest up. */
static void waiting_drop(struct queue *queue)
{
	while (queue->count > (queue->under_way ? 1 : 0))
		parcel_drop(queue, queue->count - 1);
	if (!queue->under_way)
		queue->next = 0;
}

/* On a road of incidents: this incident's alarms that were never tried. */
static void untried_drop(struct queue *queue, const char *key)
{
	for (int i = queue->count - 1; i >= (queue->tried ? 1 : 0); i--)
		if (queue->parcels[i].notification.kind == NOTIFICATION_ALARM &&
			strcmp(queue->parcels[i].notification.key, key) == 0)
			parcel_drop(queue, i);
}

static bool notification_matters(struct queue *queue, const struct notification *notification)
{
	if (queue->rules.latest_only) {
		waiting_drop(queue);
		return true;
	}
	untried_drop(queue, notification->key);
	return notification->kind == NOTIFICATION_ALARM ||
	       strcmp(queue->told, notification->key) == 0;
}

void queue_put(struct queue *queue, const struct notification *notification, uint64_t id)
{
	if (!notification_matters(queue, notification))
		return;
	assert(queue->count < QUEUE_MAX);
	queue->parcels[queue->count++] = (struct parcel){.id = id, .notification = *notification};
}

void queue_open(struct queue *queue)
{
	queue->open = true;
	queue->next = 0;
	backoff_reset(&queue->backoff);
}

void queue_close(struct queue *queue)
{
	queue->open = false;
	attempt_end(queue);
}

/* People would see that it comes sooner than it should: on their road there is no jitter. */
static void attempt_failed(struct queue *queue, nsec now)
{
	uint32_t jitter = queue->rules.latest_only ? 0 : chance(queue);

	queue->next = now + backoff_wait(&queue->backoff, jitter);
	attempt_end(queue);
}

static void head_try(struct queue *queue)
{
	queue->tried = true;
	if (queue->parcels[0].notification.kind == NOTIFICATION_ALARM)
		memcpy(queue->told, queue->parcels[0].notification.key, NOTIFICATION_KEY);
}

bool queue_intend(struct queue *queue, nsec now)
{
	if (!queue->open || queue->count == 0 || queue->tried || now < queue->next)
		return false;
	head_try(queue);
	return true;
}

bool queue_expire(struct queue *queue, nsec now)
{
	if (!queue->open || !queue->under_way || now < queue->next)
		return false;
	attempt_failed(queue, now);
	return true;
}

const struct notification *queue_take(struct queue *queue, nsec now, uint64_t *id)
{
	if (!queue->open || queue->count == 0 || queue->under_way || now < queue->next)
		return NULL;
	queue->under_way = true;
	head_try(queue);
	queue->next = now + queue->rules.answer_limit;
	*id = queue->parcels[0].id;
	return &queue->parcels[0].notification;
}

bool queue_answer(struct queue *queue, uint64_t id, enum answer answer, nsec now)
{
	if (queue->count == 0 || queue->parcels[0].id != id || !queue->tried)
		return false;
	if (answer == ANSWER_FAILED) {
		attempt_failed(queue, now);
		return true;
	}
	parcel_drop(queue, 0);
	queue->next = 0;
	backoff_reset(&queue->backoff);
	return true;
}

nsec queue_deadline(const struct queue *queue)
{
	return queue->open && queue->count > 0 ? queue->next : NSEC_NEVER;
}

int queue_count(const struct queue *queue)
{
	return queue->count;
}

void queue_remember(const struct queue *queue, struct queue_saved *past)
{
	*past = (struct queue_saved){.tried = queue->tried, .count = queue->count};
	memcpy(past->told, queue->told, NOTIFICATION_KEY);
	for (int i = 0; i < queue->count; i++)
		past->notifications[i] = queue->parcels[i].notification;
}

void queue_resume(struct queue *queue, const struct queue_saved *past, uint64_t *last_id)
{
	memcpy(queue->told, past->told, NOTIFICATION_KEY);
	queue->count = past->count;
	queue->tried = past->tried && past->count > 0;
	for (int i = 0; i < past->count; i++)
		queue->parcels[i] =
			(struct parcel){.id = ++*last_id, .notification = past->notifications[i]};
	attempt_end(queue);
}
