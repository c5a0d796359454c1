/* SPDX-License-Identifier: MIT */
#include "httpbroker/states/posting.h"

#include <stdlib.h>
#include <string.h>

static nsec deadline_of(const struct event *event, struct moment now)
{
	nsec ends, left;

	if (event->ttl < 0)
		return NSEC_NEVER;
	if (__builtin_mul_overflow(event->time + event->ttl, NSEC_PER_SEC, &ends) ||
		__builtin_sub_overflow(ends, now.wall, &left))
		return NSEC_NEVER;
	return now.monotonic + left;
}

static void names_append(struct buffer *block, const struct event *event)
{
	buffer_append(block, event->entity.bytes, event->entity.length);
	buffer_append(block, ":", 1);
	buffer_append(block, event->check.bytes, event->check.length);
}

void posting_make(
	struct posting *posting, const struct event *event, int flapjack, struct moment now)
{
	struct buffer block = {NULL, 0, 0};

	*posting = (struct posting){
		.condition = event->condition,
		.time = event->time,
		.ttl = event->ttl,
		.deadline = deadline_of(event, now),
	};
	posting->wire = wire_make(event, flapjack, &block);
	names_append(&block, event);
	/* now that the block no longer moves */
	posting->block = block.data;
	posting->wire.bytes = block.data;
	posting->names = (struct names){
		.bytes = block.data + posting->wire.length,
		.length = (uint16_t)(block.length - posting->wire.length),
		.entity_length = (uint16_t)event->entity.length,
	};
}

void posting_free(struct posting *posting)
{
	free(posting->block);
	posting->block = NULL;
}
