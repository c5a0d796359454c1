/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/queue.h"

#include "common/memory.h"
#include "httpbroker/redis/resp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum {
	PUSH_WORDS = 200, /* of one RPUSH: Lua's stack bounds the words of a command */
	TRIMS_MAX = 2000, /* of one commit: LREM may take long */
};

struct lane {
	UT_hash_handle hh;
	uint64_t check;
	struct item *first, *last;
};

void queue_clear(struct queue *queue)
{
	struct item *item, *next;
	struct lane *lane, *after;

	DL_FOREACH_SAFE(queue->items, item, next)
		free(item);
	DL_FOREACH_SAFE(queue->done, item, next)
		free(item);
	HASH_ITER(hh, queue->lanes, lane, after) {
		HASH_DEL(queue->lanes, lane);
		free(lane);
	}
	*queue = (struct queue){
		.max = queue->max, .stored = queue->stored, .thinned = queue->thinned};
}

static void lane_append(struct queue *queue, uint64_t check, struct item *item)
{
	struct lane *lane;

	HASH_FIND(hh, queue->lanes, &check, sizeof check, lane);
	if (lane == NULL) {
		lane = memory_zeroed(1, sizeof *lane);
		lane->check = check;
		lane->first = item;
		HASH_ADD(hh, queue->lanes, check, sizeof lane->check, lane);
	} else {
		lane->last->after = item;
	}
	lane->last = item;
	item->lane = lane;
}

/* Takes it out of the queue; it stays in the list in Redis until a commit removes it there. */
static void item_remove(struct queue *queue, struct item *item)
{
	if (queue->unlisted == item)
		queue->unlisted = item->next;
	if (queue->uncommitted == item)
		queue->uncommitted = item->next;
	DL_DELETE(queue->items, item);
	queue->waiting--;
	queue->retried -= item->failures > 0;
	if (item->listed)
		DL_APPEND(queue->done, item);
	else
		free(item);
}

/* Keeps the newest, and the one that is under way. */
static void lane_thin(struct queue *queue, struct lane *lane)
{
	struct item *keep = lane->first->under_way ? lane->first : NULL;
	struct item *item = keep != NULL ? keep->after : lane->first;

	while (item != NULL && item != lane->last) {
		struct item *after = item->after;

		item_remove(queue, item);
		queue->thinned++;
		item = after;
	}
	if (keep != NULL && keep != lane->last)
		keep->after = lane->last;
	else
		lane->first = lane->last;
}

/* All lanes once the queue gets too long, then those that grow. */
static void queue_thin(struct queue *queue, struct lane *grown)
{
	struct lane *lane, *next;

	if (queue->waiting <= queue->max) {
		queue->thin = false;
	} else if (queue->thin) {
		lane_thin(queue, grown);
	} else {
		queue->thin = true;
		HASH_ITER(hh, queue->lanes, lane, next)
			lane_thin(queue, lane);
	}
}

void queue_put(struct queue *queue, uint64_t check, const char *json, size_t length, bool listed)
{
	struct item *item = memory_zeroed(1, sizeof *item + length + 1);
	bool unlisted = queue->stored && !listed;

	item->length = (uint32_t)length;
	memcpy(item->json, json, length);
	item->listed = listed;
	DL_APPEND(queue->items, item);
	queue->waiting++;
	queue->listed += listed;
	if (unlisted && queue->unlisted == NULL)
		queue->unlisted = item;
	if (unlisted && queue->uncommitted == NULL)
		queue->uncommitted = item;
	lane_append(queue, check, item);
	queue_thin(queue, item->lane);
}

/* It is the first of its check, and neither under way nor in the future. */
static bool item_may_go(const struct item *item, nsec now)
{
	return !item->under_way && item->not_before <= now && item->lane->first == item;
}

struct item *queue_next(struct queue *queue, nsec now)
{
	struct item *item;

	for (item = queue->items; item != queue->uncommitted; item = item->next)
		if (item_may_go(item, now))
			break;
	if (item == queue->uncommitted)
		return NULL;
	item->under_way = true;
	queue->under_way++;
	return item;
}

void queue_done(struct queue *queue, struct item *item)
{
	struct lane *lane = item->lane;

	queue->under_way--;
	lane->first = item->after;
	if (lane->first == NULL) {
		HASH_DEL(queue->lanes, lane);
		free(lane);
	}
	item_remove(queue, item);
	queue->thin = queue->thin && queue->waiting > queue->max;
}

void queue_retry(struct queue *queue, struct item *item, nsec at)
{
	queue->under_way--;
	item->under_way = false;
	item->not_before = at;
	queue->retried += item->failures++ == 0;
}

nsec queue_deadline(const struct queue *queue)
{
	const struct item *item = queue->items;
	nsec next = NSEC_NEVER;

	for (size_t left = queue->retried; left > 0; item = item->next) {
		left -= item->failures > 0;
		if (item->failures > 0 && !item->under_way)
			next = nsec_earlier(next, item->not_before);
	}
	return next;
}

size_t queue_listed(const struct queue *queue)
{
	return queue->rewrite ? 0 : queue->listed;
}

/* RPUSH commands of PUSH_WORDS each, of all that are not listed. */
static void pushes_append(struct queue *queue, const char *key, struct resp_list *commands)
{
	struct item *item = queue->unlisted;

	while (item != NULL) {
		struct resp_list values = {{NULL, 0, 0}, 0};
		char words[24];

		for (; item != NULL && values.count < PUSH_WORDS; item = item->next) {
			resp_add(&values, item->json, item->length);
			item->listed = true;
			queue->listed++;
		}
		snprintf(words, sizeof words, "%zu", values.count + 2);
		resp_add_words(commands, RESP_WORDS(words, "RPUSH", key));
		resp_join(commands, &values);
	}
	queue->unlisted = NULL;
}

/* Also those that are delivered: they are not in the new list. */
static void rewrite_begin(struct queue *queue, const char *key, struct resp_list *commands)
{
	struct item *item, *next;

	DL_FOREACH_SAFE(queue->done, item, next)
		free(item);
	queue->done = NULL;
	resp_add_words(commands, RESP_WORDS("2", "DEL", key));
	DL_FOREACH(queue->items, item)
		item->listed = false;
	queue->unlisted = queue->items;
	queue->listed = 0;
	queue->rewrite = false;
}

static void trims_append(struct queue *queue, const char *key, struct resp_list *commands)
{
	const struct item *item;

	queue->trimming = 0;
	DL_FOREACH(queue->done, item) {
		if (queue->trimming == TRIMS_MAX)
			return;
		queue->trimming++;
		resp_add_words(commands, RESP_WORDS("4", "LREM", key, "1"));
		resp_add(commands, item->json, item->length);
	}
}

void queue_commit(struct queue *queue, const char *key, struct resp_list *commands)
{
	if (queue->rewrite)
		rewrite_begin(queue, key, commands);
	trims_append(queue, key, commands);
	pushes_append(queue, key, commands);
}

void queue_committed(struct queue *queue)
{
	struct item *item;

	while (queue->trimming > 0) {
		item = queue->done;
		DL_DELETE(queue->done, item);
		free(item);
		queue->trimming--;
		queue->listed--;
	}
	queue->uncommitted = queue->unlisted;
}

void queue_rewrite(struct queue *queue)
{
	queue->rewrite = true;
}
