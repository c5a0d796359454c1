/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/forget.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

bool forget_is_whole_entity(const struct forget *forget)
{
	return forget->names.entity_length == forget->names.length;
}

/* Capacity is the next power of two. */
static struct prepared *check_add(struct forget *forget)
{
	size_t count = forget->count++;

	if ((count & (count - 1)) == 0)
		forget->checks = memory_resized(
			forget->checks, (count == 0 ? 1 : 2 * count) * sizeof forget->checks[0]);
	return &forget->checks[count];
}

/* Not older than the known event, whose time may be ahead where the clock was set back. */
static void check_forget(struct forget *forget, const struct core *core, const struct check *check,
	struct moment now)
{
	const struct text entity = {check->names, check->entity_length};
	const struct text name = {
		check->names + entity.length + 1, check->hh.keylen - entity.length - 1};
	const struct instant known = {check->time, check->fraction};
	const struct instant time = instant_of(now.wall);
	struct prepared *prepared = check_add(forget);

	prepared_make_forgotten(
		prepared, entity, name, instant_compare(time, known) > 0 ? time : known);
	engine_forget(core->engine, &prepared->names);
}

void forget_check(struct forget *forget, struct core *core, struct moment now)
{
	const struct check *check = checks_find(core->checks, &forget->names);

	if (check != NULL)
		check_forget(forget, core, check, now);
}

struct search {
	struct forget *forget;
	struct core *core;
	struct moment now;
};

static void check_visit(struct check *check, void *context)
{
	struct search *search = context;
	const struct names *entity = &search->forget->names;

	if (check->entity_length == entity->length &&
		memcmp(check->names, entity->bytes, entity->length) == 0)
		check_forget(search->forget, search->core, check, search->now);
}

void forget_shard(struct forget *forget, struct core *core, unsigned shard, struct moment now)
{
	struct search search = {forget, core, now};

	checks_work(core->checks, shard, check_visit, &search);
}

void forget_end(struct forget *forget)
{
	for (size_t i = 0; forget->checks != NULL && i < forget->count; i++)
		prepared_free(&forget->checks[i]);
	free(forget->checks);
	forget->checks = NULL;
}

void forget_reopen(struct forget *forget)
{
	forget_end(forget);
	forget->count = 0;
}
