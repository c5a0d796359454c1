/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/queue.h"

#include "common/backoff.h"
#include "common/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	uint64_t id;
	struct notification notification;
};

struct queue {
	struct queue_rules rules;
	struct backoff backoff;
	uint32_t random; /* state of the jitter's generator; never 0 */
	bool open;       /* the channel can be used */
	bool in_flight;  /* entries[0] was taken and is not answered */
	bool tried;      /* entries[0] was taken at least once */
	nsec next;       /* in flight: when to give up; otherwise: when to try (again) */
	char tried_key[NOTIFICATION_KEY]; /* key of the alarm tried last: it needs its OK */
	int count;                        /* entries in use */
	struct entry entries[QUEUE_MAX];
};

struct queue *queue_new(const struct queue_rules *rules)
{
	struct queue *queue = memory_zeroed(1, sizeof *queue);

	queue->rules = *rules;
	queue->backoff = (struct backoff){.min = rules->retry_min, .max = rules->retry_max};
	queue->random = rules->seed | 1;
	return queue;
}

void queue_free(struct queue *queue)
{
	free(queue);
}

static void entry_drop(struct queue *queue, int i)
{
	queue->count--;
	memmove(&queue->entries[i], &queue->entries[i + 1],
		(size_t)(queue->count - i) * sizeof queue->entries[0]);
	if (i == 0)
		queue->tried = queue->in_flight = false;
}

/*
 * The attempt in flight got no answer. Where people read, a newer notification replaces it and is
 * due on its own time.
 */
static void attempt_end(struct queue *queue)
{
	queue->in_flight = false;
	while (queue->rules.latest_only && queue->count > 1) {
		entry_drop(queue, 0);
		queue->next = 0;
	}
}

void queue_put(struct queue *queue, const struct notification *notification, uint64_t id)
{
	if (queue->rules.latest_only) {
		/* people read it: the newest replaces what is not in flight, and does not wait */
		while (queue->count > (queue->in_flight ? 1 : 0))
			entry_drop(queue, queue->count - 1);
		if (!queue->in_flight)
			queue->next = 0;
	} else {
		/* PagerDuty, the command: replaces this incident's alarms that were not tried */
		for (int i = queue->count - 1; i >= (queue->tried ? 1 : 0); i--)
			if (queue->entries[i].notification.kind == NOTIFICATION_ALARM &&
				strcmp(queue->entries[i].notification.key, notification->key) == 0)
				entry_drop(queue, i);
		if (notification->kind == NOTIFICATION_OK &&
			strcmp(queue->tried_key, notification->key) != 0)
			return;
	}
	assert(queue->count < QUEUE_MAX);
	queue->entries[queue->count++] = (struct entry){.id = id, .notification = *notification};
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

/* No jitter where people read: they would see a message come too early. */
static void attempt_failed(struct queue *queue, nsec now)
{
	uint32_t jitter = 0;

	if (!queue->rules.latest_only) {
		/* Marsaglia's xorshift: jitter needs no better */
		queue->random ^= queue->random << 13;
		queue->random ^= queue->random >> 17;
		queue->random ^= queue->random << 5;
		jitter = queue->random;
	}
	queue->next = now + backoff_wait(&queue->backoff, jitter);
	attempt_end(queue);
}

static void head_try(struct queue *queue)
{
	queue->tried = true;
	if (queue->entries[0].notification.kind != NOTIFICATION_OK)
		memcpy(queue->tried_key, queue->entries[0].notification.key, NOTIFICATION_KEY);
}

bool queue_is_open(const struct queue *queue)
{
	return queue->open;
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
	if (!queue->open || !queue->in_flight || now < queue->next)
		return false;
	attempt_failed(queue, now);
	return true;
}

const struct notification *queue_take(struct queue *queue, nsec now, uint64_t *id)
{
	if (!queue->open || queue->count == 0 || queue->in_flight || now < queue->next)
		return NULL;
	queue->in_flight = true;
	head_try(queue);
	queue->next = now + queue->rules.answer_limit;
	*id = queue->entries[0].id;
	return &queue->entries[0].notification;
}

bool queue_answer(struct queue *queue, uint64_t id, enum answer answer, nsec now)
{
	if (queue->count == 0 || queue->entries[0].id != id || !queue->tried)
		return false;
	if (answer == ANSWER_FAILED) {
		attempt_failed(queue, now);
		return true;
	}
	entry_drop(queue, 0);
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
	memcpy(past->tried_key, queue->tried_key, NOTIFICATION_KEY);
	for (int i = 0; i < queue->count; i++)
		past->notifications[i] = queue->entries[i].notification;
}

void queue_resume(struct queue *queue, const struct queue_saved *past, uint64_t *last_id)
{
	memcpy(queue->tried_key, past->tried_key, NOTIFICATION_KEY);
	queue->count = past->count;
	queue->tried = past->tried && past->count > 0;
	for (int i = 0; i < past->count; i++)
		queue->entries[i] =
			(struct entry){.id = ++*last_id, .notification = past->notifications[i]};
	attempt_end(queue);
}
