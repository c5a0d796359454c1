/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/forgetting.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

bool forgetting_is_whole(const struct forgetting *forgetting)
{
	return forgetting->names.entity_length == forgetting->names.length;
}

/* Each time that they fill their room it is doubled. */
static struct posting *check_add(struct forgetting *forgetting)
{
	size_t count = forgetting->count++;

	if ((count & (count - 1)) == 0)
		forgetting->checks = memory_resized(forgetting->checks,
			(count == 0 ? 1 : 2 * count) * sizeof forgetting->checks[0]);
	return &forgetting->checks[count];
}

/* Of no earlier time than what is known of it, which a clock that was set back may have made. */
static const struct posting *state_remember(
	struct forgetting *forgetting, const struct state *state, struct moment now)
{
	const struct text entity = {state->names, state->entity_length};
	const struct text check = {
		state->names + entity.length + 1, state->hh.keylen - entity.length - 1};
	const struct instant known = {state->time, state->fraction};
	const struct instant time = instant_of(now.wall);
	struct posting *posting = check_add(forgetting);

	posting_make_forgotten(
		posting, entity, check, instant_compare(time, known) > 0 ? time : known);
	return posting;
}

static void state_forget(struct forgetting *forgetting, const struct books *books,
	const struct state *state, struct moment now)
{
	const struct posting *remembered = state_remember(forgetting, state, now);

	ledger_forget(books->ledger, &remembered->names);
}

void forgetting_check(struct forgetting *forgetting, struct books *books, struct moment now)
{
	const struct state *state = states_find(books->states, &forgetting->names);

	if (state != NULL)
		state_forget(forgetting, books, state, now);
}

struct search {
	struct forgetting *forgetting;
	struct books *books;
	struct moment now;
};

static void state_visit(struct state *state, void *context)
{
	struct search *search = context;
	const struct names *entity = &search->forgetting->names;

	if (state->entity_length == entity->length &&
		memcmp(state->names, entity->bytes, entity->length) == 0)
		state_forget(search->forgetting, search->books, state, search->now);
}

void forgetting_shard(
	struct forgetting *forgetting, struct books *books, unsigned shard, struct moment now)
{
	struct search search = {forgetting, books, now};

	states_work(books->states, shard, state_visit, &search);
}

void forgetting_end(struct forgetting *forgetting)
{
	for (size_t i = 0; forgetting->checks != NULL && i < forgetting->count; i++)
		posting_free(&forgetting->checks[i]);
	free(forgetting->checks);
	forgetting->checks = NULL;
}

void forgetting_reopen(struct forgetting *forgetting)
{
	forgetting_end(forgetting);
	forgetting->count = 0;
}
