/* SPDX-License-Identifier: MIT */
#include "httpbroker/checks/prepared.h"

#include "common/memory.h"

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

/* Appends `entity:check`. */
static void names_append(struct buffer *block, struct text entity, struct text check)
{
	buffer_append(block, entity.bytes, entity.length);
	buffer_append(block, ":", 1);
	buffer_append(block, check.bytes, check.length);
}

/* Now that the block no longer moves: its names begin there. */
static void prepared_close(
	struct prepared *prepared, const struct buffer *block, size_t begin, size_t entity_length)
{
	prepared->block = block->data;
	prepared->names = (struct names){
		.bytes = block->data + begin,
		.length = (uint16_t)(block->length - begin),
		.entity_length = (uint16_t)entity_length,
	};
}

/* Makes what the former check is told: it goes by another name now. */
static struct prepared *former_make(const struct event *event, int flapjack, struct moment now)
{
	struct prepared *former = memory_zeroed(1, sizeof *former);
	struct buffer summary = {NULL, 0, 0};
	struct event ok;

	event_init(&ok);
	ok.time = event->time;
	ok.fraction = event->fraction;
	ok.entity = event->former_entity;
	ok.check = event->former_check;
	ok.state_text = text_literal(state_name(STATE_OK));
	ok.state = STATE_OK;
	ok.ttl = EVENT_TTL_NEVER;
	buffer_printf(&summary, "httpbroker: this check is now named %.*s",
		(int)event->check.length, event->check.bytes);
	ok.summary = (struct text){summary.data, summary.length};
	prepared_make(former, &ok, flapjack, now);
	buffer_free(&summary);
	return former;
}

void prepared_make(
	struct prepared *prepared, const struct event *event, int flapjack, struct moment now)
{
	struct buffer block = {NULL, 0, 0};

	*prepared = (struct prepared){
		.state = event->state,
		.time = event->time,
		.fraction = event->fraction,
		.ttl = event->ttl,
		.deadline = deadline_of(event, now),
	};
	prepared->encoded = encoded_make(event, flapjack, &block);
	names_append(&block, event->entity, event->check);
	prepared->encoded.bytes = block.data;
	prepared_close(prepared, &block, prepared->encoded.length, event->entity.length);
	if (event->former_check.bytes != NULL)
		prepared->former = former_make(event, flapjack, now);
}

void prepared_make_forgotten(
	struct prepared *prepared, struct text entity, struct text check, struct instant time)
{
	struct buffer block = {NULL, 0, 0};

	*prepared = (struct prepared){
		.time = time.seconds, .fraction = time.fraction, .forgotten = true};
	names_append(&block, entity, check);
	prepared_close(prepared, &block, 0, entity.length);
}

void prepared_free(struct prepared *prepared)
{
	if (prepared->former != NULL)
		prepared_free(prepared->former);
	free(prepared->former);
	free(prepared->block);
	prepared->former = NULL;
	prepared->block = NULL;
}
