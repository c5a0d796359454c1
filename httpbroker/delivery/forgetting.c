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

/* Remembers it; the names are the posting's own then. */
static const struct posting *check_remember(
	struct forgetting *forgetting, const struct names *names, struct moment now)
{
	const struct text entity = {names->bytes, names->entity_length};
	const struct text check = {
		names->bytes + entity.length + 1, names->length - entity.length - 1};
	struct posting *posting = check_add(forgetting);

	posting_make_forgotten(posting, entity, check, now.wall / NSEC_PER_SEC);
	return posting;
}

void forgetting_check(struct forgetting *forgetting, struct books *books, struct moment now)
{
	if (ledger_forget(books->ledger, &forgetting->names))
		check_remember(forgetting, &forgetting->names, now);
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
	const struct names names = {state->names, (uint16_t)state->hh.keylen, state->entity_length};

	if (names.entity_length != entity->length ||
		memcmp(names.bytes, entity->bytes, entity->length) != 0)
		return;
	ledger_forget(search->books->ledger,
		&check_remember(search->forgetting, &names, search->now)->names);
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
