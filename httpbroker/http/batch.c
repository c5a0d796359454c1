/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/batch.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

struct post *post_new(struct counters *counters)
{
	struct post *post = memory_zeroed(1, sizeof *post);

	post->counters = counters;
	post->items = &post->first_item;
	post->submission.prepared = &post->first_posting;
	post->submission.answers = &post->first_answer;
	post->capacity = 1;
	return post;
}

void post_clear(struct post *post)
{
	struct submission *submission = &post->submission;

	for (size_t i = 0; i < submission->count; i++)
		prepared_free(&submission->prepared[i]);
	for (size_t i = 0; i < post->count; i++)
		free(post->items[i].why);
	submission->count = post->count = 0;
}

void post_free(struct post *post)
{
	struct submission *submission = &post->submission;

	post_clear(post);
	sns_message_free(post->message);
	if (post->items != &post->first_item) {
		free(post->items);
		free(submission->prepared);
		free(submission->answers);
	}
	free(post);
}

/* Like memory_resized(), but for the first one, which is no block of its own. */
static void *array_grow(void *array, void *first, size_t size, size_t capacity)
{
	if (array != first)
		return memory_resized(array, capacity * size);
	return memcpy(memory_zeroed(capacity, size), first, size);
}

static void post_grow(struct post *post)
{
	struct submission *submission = &post->submission;
	size_t capacity = post->capacity = post->capacity == 1 ? 16 : 2 * post->capacity;

	post->items = array_grow(post->items, &post->first_item, sizeof post->first_item, capacity);
	submission->prepared = array_grow(
		submission->prepared, &post->first_posting, sizeof post->first_posting, capacity);
	submission->answers = array_grow(
		submission->answers, &post->first_answer, sizeof post->first_answer, capacity);
}

struct item *post_add(
	struct post *post, const struct format *format, struct place place, uint32_t part)
{
	if (post->count == LIMIT_BATCH) {
		post->overflows = true;
		return NULL;
	}
	if (post->count == post->capacity)
		post_grow(post);
	struct item *item = &post->items[post->count++];
	*item = (struct item){.place = place, .part = part, .format = format};
	return item;
}

struct prepared *post_submit(struct post *post)
{
	post->items[post->count - 1].submitted = true;
	return &post->submission.prepared[post->submission.count++];
}

static enum outcome outcome_of(enum submission_result result, enum engine_answer answer)
{
	if (result == SUBMISSION_DROPPED)
		return OUTCOME_STOPPING;
	if (answer == ENGINE_FULL)
		return OUTCOME_FULL;
	if (answer == ENGINE_OLDER)
		return OUTCOME_OLDER;
	if (answer == ENGINE_UNTOLD)
		return OUTCOME_UNTOLD;
	return result == SUBMISSION_KEPT ? OUTCOME_KEPT : OUTCOME_DELIVERED;
}

/* Those of one format and fate that follow each other are counted at once. */
static void items_count(const struct post *post)
{
	unsigned same = 0;

	for (size_t i = 0; i < post->count; i++) {
		const struct item *item = &post->items[i];

		same++;
		if (i + 1 < post->count && item[1].outcome == item->outcome &&
			item[1].format == item->format)
			continue;
		counters_event(post->counters, item->format, item->outcome, same);
		same = 0;
	}
}

void overload_tell(struct counters *counters, bool refused)
{
	switch (overload_note(counters_overload(counters), refused, clock_monotonic())) {
	case OVERLOAD_SAME:
		return;
	case OVERLOAD_BEGINS:
		log_warning("events are refused, 503: as many checks as may be are remembered "
			    "(--max-states), as many events wait for Redis (--max-pending), or "
			    "requests hold as much memory as they may (--max-held)");
		return;
	case OVERLOAD_ENDS:
		log_info("events are not refused any more for want of room");
		return;
	}
}

size_t post_bytes(const struct post *post)
{
	const struct submission *submission = &post->submission;
	size_t bytes = post->capacity * (sizeof post->first_item + sizeof post->first_posting);

	for (size_t i = 0; i < submission->count; i++)
		bytes += submission->prepared[i].encoded.length;
	return bytes;
}

void post_settle(struct post *post)
{
	const struct submission *submission = &post->submission;
	size_t answered = 0;
	bool crowded = false;

	for (size_t i = 0; i < post->count; i++) {
		struct item *item = &post->items[i];

		if (!item->submitted)
			continue;
		item->outcome = outcome_of(submission->result, submission->answers[answered++]);
		crowded |= item->outcome == OUTCOME_FULL;
		if (item->outcome == OUTCOME_STOPPING)
			item->why = memory_copied(submission->why);
	}
	if (answered > 0)
		overload_tell(post->counters, crowded);
	items_count(post);
}
