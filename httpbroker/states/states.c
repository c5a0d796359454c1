/* SPDX-License-Identifier: MIT */
/* Few buckets at first, for there are 256 tables; uthash doubles them as they fill. */
#define HASH_INITIAL_NUM_BUCKETS 8U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 3U

/* A key is not bytes in a row, but a text and where it is cut: see names_differ(). */
#define HASH_KEYCMP(state, wanted, length) names_differ(state, wanted, length)

#include "httpbroker/states/states.h"

#include "common/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_SHIFT 24 /* the upper eight bits choose the shard, the lower ones the bucket */

struct shard {
	pthread_mutex_t lock;
	struct state *states; /* a uthash table */
};

struct states {
	struct siphash_key key;
	atomic_size_t count;
	struct shard shards[STATES_SHARDS];
};

static int names_differ(const struct state *state, const struct names *wanted, size_t length)
{
	return state->entity_length != wanted->entity_length ||
	       memcmp(state->names, wanted->bytes, length) != 0;
}

struct states *states_new(const struct siphash_key *key)
{
	struct states *states = memory_zeroed(1, sizeof *states);

	states->key = *key;
	for (int i = 0; i < STATES_SHARDS; i++)
		pthread_mutex_init(&states->shards[i].lock, NULL);
	return states;
}

/* Returns how many there were. */
static size_t shard_clear(struct shard *shard)
{
	struct state *state, *next;
	size_t count = 0;

	HASH_ITER(hh, shard->states, state, next) {
		HASH_DEL(shard->states, state);
		free(state->wire.bytes);
		free(state);
		count++;
	}
	return count;
}

static void shard_free(struct shard *shard)
{
	shard_clear(shard);
	pthread_mutex_destroy(&shard->lock);
}

void states_free(struct states *states)
{
	for (int i = 0; i < STATES_SHARDS; i++)
		shard_free(&states->shards[i]);
	free(states);
}

size_t states_count(const struct states *states)
{
	return atomic_load_explicit(&states->count, memory_order_relaxed);
}

/*
 * In two steps, so that the pairs which look alike (there is one for each colon in the text) can
 * be told apart without hashing the text again for each.
 */
static uint64_t text_hash(const struct states *states, const struct names *names)
{
	return siphash(&states->key, names->bytes, names->length);
}

static unsigned pair_hash(const struct states *states, uint64_t text, uint16_t entity_length)
{
	const uint64_t pair[2] = {text, entity_length};

	return (unsigned)siphash(&states->key, pair, sizeof pair);
}

static struct state *pair_find(
	const struct states *states, const struct names *names, uint64_t text)
{
	unsigned hash = pair_hash(states, text, names->entity_length);
	const struct shard *shard = &states->shards[hash >> SHARD_SHIFT];
	struct state *state;

	HASH_FIND_BYHASHVALUE(hh, shard->states, names, names->length, hash, state);
	return state;
}

struct state *states_find(const struct states *states, const struct names *names)
{
	return pair_find(states, names, text_hash(states, names));
}

/* Marks the ranks of all other states whose names look like this text. */
static void ranks_find(const struct states *states, const struct names *names, uint64_t text,
	bool taken[STATES_UNRANKED + 1])
{
	for (uint16_t i = 1; i + 1 < names->length; i++) {
		struct names other = {names->bytes, names->length, i};
		const struct state *state = NULL;

		if (names->bytes[i] == ':' && i != names->entity_length)
			state = pair_find(states, &other, text);
		if (state != NULL)
			taken[state->rank] = true;
	}
}

/* Whether a state whose names look like this text, the names themselves aside, has this rank. */
static bool rank_is_taken(const struct states *states, const char *text, size_t length, int rank)
{
	const struct names names = {text, (uint16_t)length, 0};
	bool taken[STATES_UNRANKED + 1] = {false};

	ranks_find(states, &names, text_hash(states, &names), taken);
	return taken[rank];
}

/* The N of a text that ends in `#N`, if that may be a rank's; else 1. */
static int suffix_read(const char *text, size_t length, size_t *before)
{
	size_t at = length;
	int number = 0;

	while (at > 0 && length - at < STATES_SUFFIX - 2 && text[at - 1] >= '0' &&
		text[at - 1] <= '9')
		at--;
	for (size_t i = at; i < length; i++)
		number = 10 * number + (text[i] - '0');
	if (at < 2 || text[at - 1] != '#' || text[at] == '0' || number < 2 || number > STATES_RANKS)
		return 1;
	*before = at - 1;
	return number;
}

/* Whether the key `text` is that of a state whose own text is shorter, or, with `#rank`, longer. */
static bool key_is_taken(const struct states *states, const struct names *names, int rank)
{
	char longer[STATES_KEY];
	size_t before;

	if (rank == 1) {
		int number = suffix_read(names->bytes, names->length, &before);

		return number > 1 && rank_is_taken(states, names->bytes, before, number);
	}
	int length =
		snprintf(longer, sizeof longer, "%.*s#%d", (int)names->length, names->bytes, rank);
	return rank_is_taken(states, longer, (size_t)length, 1);
}

static uint8_t rank_choose(const struct states *states, const struct names *names, uint64_t text)
{
	bool taken[STATES_UNRANKED + 1] = {false};
	int rank = 1;

	ranks_find(states, names, text, taken);
	while (rank <= STATES_RANKS && (taken[rank] || key_is_taken(states, names, rank)))
		rank++;
	return (uint8_t)rank;
}

size_t state_key(const struct state *state, char out[STATES_KEY])
{
	size_t length = state->hh.keylen;

	memcpy(out, state->names, length);
	out[length] = '\0';
	if (state->rank == STATES_UNRANKED)
		out[state->entity_length] = '\x1f';
	else if (state->rank > 1)
		length += (size_t)snprintf(out + length, STATES_SUFFIX, "#%u", state->rank);
	return length;
}

/* A new event mostly is as long as the one before, so that its bytes fit where those were. */
static void wire_replace(struct wire *old, const struct wire *new)
{
	char *bytes = old->bytes;

	if (bytes == NULL || old->length != new->length)
		bytes = memory_resized(bytes, new->length);
	memcpy(bytes, new->bytes, new->length);
	*old = *new;
	old->bytes = bytes;
}

static void state_set(struct state *state, const struct states_event *event)
{
	wire_replace(&state->wire, &event->wire);
	state->condition = (uint8_t)event->condition;
	state->time = event->time;
	state->fraction = event->fraction;
	state->ttl = event->ttl;
	state->deadline = event->deadline;
}

struct state *states_add(
	struct states *states, const struct names *names, const struct states_event *event)
{
	uint64_t text = text_hash(states, names);
	unsigned hash = pair_hash(states, text, names->entity_length);
	struct shard *shard = &states->shards[hash >> SHARD_SHIFT];
	struct state *state = memory_zeroed(1, offsetof(struct state, names) + names->length);

	memcpy(state->names, names->bytes, names->length);
	state->entity_length = names->entity_length;
	state->rank = rank_choose(states, names, text);
	state_set(state, event);
	pthread_mutex_lock(&shard->lock);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->states, state, names->length, hash, state);
	pthread_mutex_unlock(&shard->lock);
	atomic_fetch_add_explicit(&states->count, 1, memory_order_relaxed);
	return state;
}

void states_set(struct states *states, struct state *state, const struct states_event *event)
{
	struct shard *shard = &states->shards[state->hh.hashv >> SHARD_SHIFT];

	pthread_mutex_lock(&shard->lock);
	state_set(state, event);
	pthread_mutex_unlock(&shard->lock);
}

void states_remove(struct states *states, struct state *state)
{
	struct shard *shard = &states->shards[state->hh.hashv >> SHARD_SHIFT];

	pthread_mutex_lock(&shard->lock);
	HASH_DEL(shard->states, state);
	pthread_mutex_unlock(&shard->lock);
	atomic_fetch_sub_explicit(&states->count, 1, memory_order_relaxed);
	free(state->wire.bytes);
	state->wire = (struct wire){NULL, 0, 0, 0};
}

void states_clear(struct states *states)
{
	for (int i = 0; i < STATES_SHARDS; i++) {
		struct shard *shard = &states->shards[i];

		pthread_mutex_lock(&shard->lock);
		size_t count = shard_clear(shard);
		pthread_mutex_unlock(&shard->lock);
		atomic_fetch_sub_explicit(&states->count, count, memory_order_relaxed);
	}
}

void states_work(struct states *states, unsigned shard, states_worker *work, void *context)
{
	struct state *state, *next;

	HASH_ITER(hh, states->shards[shard].states, state, next)
		work(state, context);
}

void states_visit(struct states *states, unsigned shard, states_visitor *visit, void *context)
{
	pthread_mutex_lock(&states->shards[shard].lock);
	for (const struct state *state = states->shards[shard].states; state != NULL;
		state = state->hh.next)
		visit(state, context);
	pthread_mutex_unlock(&states->shards[shard].lock);
}

enum { PIECE = 200, PARTS_MOST = 256 };

static unsigned parts_choose(const struct states *states)
{
	unsigned parts = 1;

	while (parts < PARTS_MOST && states_count(states) / STATES_SHARDS / parts > PIECE)
		parts *= 2;
	return parts;
}

static void bucket_visit(const UT_hash_table *table, unsigned bucket,
	const struct states_cursor *cursor, states_visitor *visit, void *context)
{
	UT_hash_handle *handle = table->buckets[bucket].hh_head;

	for (; handle != NULL; handle = handle->hh_next)
		if (handle->hashv % cursor->parts == cursor->part)
			visit(ELMT_FROM_HH(table, handle), context);
}

/*
 * A part is all hashes that end in the same bits. Buckets go by these bits as well: so a state
 * stays in its part when the table grows, and only the part's buckets have to be looked at.
 */
static void part_visit(const struct shard *shard, const struct states_cursor *cursor,
	states_visitor *visit, void *context)
{
	if (shard->states == NULL)
		return;
	const UT_hash_table *table = shard->states->hh.tbl;
	for (unsigned i = cursor->part % table->num_buckets; i < table->num_buckets;
		i += cursor->parts)
		bucket_visit(table, i, cursor, visit, context);
}

bool states_visit_some(
	struct states *states, struct states_cursor *cursor, states_visitor *visit, void *context)
{
	struct shard *shard = &states->shards[cursor->shard];

	if (cursor->parts == 0)
		cursor->parts = parts_choose(states);
	pthread_mutex_lock(&shard->lock);
	part_visit(shard, cursor, visit, context);
	pthread_mutex_unlock(&shard->lock);
	if (++cursor->part < cursor->parts)
		return true;
	cursor->part = 0;
	if (++cursor->shard < STATES_SHARDS)
		return true;
	*cursor = (struct states_cursor){0, 0, 0};
	return false;
}

void states_visit_one(
	struct states *states, const struct names *names, states_visitor *visit, void *context)
{
	uint64_t text = text_hash(states, names);
	unsigned hash = pair_hash(states, text, names->entity_length);
	struct shard *shard = &states->shards[hash >> SHARD_SHIFT];

	pthread_mutex_lock(&shard->lock);
	const struct state *state = pair_find(states, names, text);
	if (state != NULL)
		visit(state, context);
	pthread_mutex_unlock(&shard->lock);
}
