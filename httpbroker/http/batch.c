/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/batch.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

struct batch *batch_new(struct counters *counters)
{
	struct batch *batch = memory_zeroed(1, sizeof *batch);

	batch->counters = counters;
	batch->items = &batch->first_item;
	batch->submission.postings = &batch->first_posting;
	batch->submission.answers = &batch->first_answer;
	batch->capacity = 1;
	return batch;
}

void batch_clear(struct batch *batch)
{
	struct submission *submission = &batch->submission;

	for (size_t i = 0; i < submission->count; i++)
		posting_free(&submission->postings[i]);
	for (size_t i = 0; i < batch->count; i++)
		free(batch->items[i].why);
	submission->count = batch->count = 0;
}

void batch_free(struct batch *batch)
{
	struct submission *submission = &batch->submission;

	batch_clear(batch);
	letter_free(batch->letter);
	if (batch->items != &batch->first_item) {
		free(batch->items);
		free(submission->postings);
		free(submission->answers);
	}
	free(batch);
}

/* Like memory_resized(), but for the first one, which is no block of its own. */
static void *array_grow(void *array, void *first, size_t size, size_t capacity)
{
	if (array != first)
		return memory_resized(array, capacity * size);
	return memcpy(memory_zeroed(capacity, size), first, size);
}

static void batch_grow(struct batch *batch)
{
	struct submission *submission = &batch->submission;
	size_t capacity = batch->capacity = batch->capacity == 1 ? 16 : 2 * batch->capacity;

	batch->items =
		array_grow(batch->items, &batch->first_item, sizeof batch->first_item, capacity);
	submission->postings = array_grow(
		submission->postings, &batch->first_posting, sizeof batch->first_posting, capacity);
	submission->answers = array_grow(
		submission->answers, &batch->first_answer, sizeof batch->first_answer, capacity);
}

struct item *batch_add(
	struct batch *batch, const struct format *format, struct place place, uint32_t part)
{
	if (batch->count == LIMIT_BATCH) {
		batch->overflows = true;
		return NULL;
	}
	if (batch->count == batch->capacity)
		batch_grow(batch);
	struct item *item = &batch->items[batch->count++];
	*item = (struct item){.place = place, .part = part, .format = format};
	return item;
}

struct posting *batch_submit(struct batch *batch)
{
	batch->items[batch->count - 1].submitted = true;
	return &batch->submission.postings[batch->submission.count++];
}

static enum fate fate_of(enum submission_result result, enum ledger_answer answer)
{
	if (result == SUBMISSION_DROPPED)
		return FATE_STOPPING;
	if (answer == LEDGER_FULL)
		return FATE_FULL;
	if (answer == LEDGER_OLDER)
		return FATE_OLDER;
	if (answer == LEDGER_UNTOLD)
		return FATE_UNTOLD;
	return result == SUBMISSION_KEPT ? FATE_KEPT : FATE_DELIVERED;
}

/* Those of one format and fate that follow each other are counted at once. */
static void items_count(const struct batch *batch)
{
	unsigned same = 0;

	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[i];

		same++;
		if (i + 1 < batch->count && item[1].fate == item->fate &&
			item[1].format == item->format)
			continue;
		counters_event(batch->counters, item->format, item->fate, same);
		same = 0;
	}
}

void crowding_tell(struct counters *counters, bool refused)
{
	switch (crowding_note(counters_crowding(counters), refused, clock_monotonic())) {
	case CROWDING_SAME:
		return;
	case CROWDING_BEGINS:
		log_warning("events are refused, 503: as many checks as may be are remembered "
			    "(--max-states), as many events wait for Redis (--max-pending), or "
			    "requests hold as much memory as they may (--max-held)");
		return;
	case CROWDING_ENDS:
		log_info("events are not refused any more for want of room");
		return;
	}
}

size_t batch_bytes(const struct batch *batch)
{
	const struct submission *submission = &batch->submission;
	size_t bytes = batch->capacity * (sizeof batch->first_item + sizeof batch->first_posting);

	for (size_t i = 0; i < submission->count; i++)
		bytes += submission->postings[i].wire.length;
	return bytes;
}

void batch_settle(struct batch *batch)
{
	const struct submission *submission = &batch->submission;
	size_t answered = 0;
	bool crowded = false;

	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[i];

		if (!item->submitted)
			continue;
		item->fate = fate_of(submission->result, submission->answers[answered++]);
		crowded |= item->fate == FATE_FULL;
		if (item->fate == FATE_STOPPING)
			item->why = memory_copied(submission->why);
	}
	if (answered > 0)
		crowding_tell(batch->counters, crowded);
	items_count(batch);
}
