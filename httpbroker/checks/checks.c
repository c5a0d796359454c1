/* SPDX-License-Identifier: MIT */
/*
 * Few buckets at first: there are 256 tables, and uthash doubles them as they fill. With 8, each
 * search among 10,000 checks passed three others.
 */
#define HASH_INITIAL_NUM_BUCKETS 16U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 4U

/* A key is a text and the offset that splits it. */
#define HASH_KEYCMP(check, wanted, length) names_differ(check, wanted, length)

#include "httpbroker/checks/checks.h"

#include "common/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_SHIFT 24 /* the upper eight bits choose the shard, the lower ones the bucket */

struct shard {
	pthread_mutex_t lock;
	struct check *checks; /* a uthash table */
};

struct checks {
	struct siphash_key key;
	atomic_size_t count;
	struct shard shards[CHECKS_SHARDS];
};

static int names_differ(const struct check *check, const struct names *wanted, size_t length)
{
	return check->entity_length != wanted->entity_length ||
	       memcmp(check->names, wanted->bytes, length) != 0;
}

struct checks *checks_new(const struct siphash_key *key)
{
	struct checks *checks = memory_zeroed(1, sizeof *checks);

	checks->key = *key;
	for (int i = 0; i < CHECKS_SHARDS; i++)
		pthread_mutex_init(&checks->shards[i].lock, NULL);
	return checks;
}

static size_t shard_clear(struct shard *shard)
{
	struct check *check, *next;
	size_t count = 0;

	HASH_ITER(hh, shard->checks, check, next) {
		HASH_DEL(shard->checks, check);
		free(check->encoded.bytes);
		free(check);
		count++;
	}
	return count;
}

void checks_free(struct checks *checks)
{
	for (int i = 0; i < CHECKS_SHARDS; i++) {
		shard_clear(&checks->shards[i]);
		pthread_mutex_destroy(&checks->shards[i].lock);
	}
	free(checks);
}

size_t checks_count(const struct checks *checks)
{
	return atomic_load_explicit(&checks->count, memory_order_relaxed);
}

/* In two steps: the pairs with the same text, one for each colon in it, share the first. */
static uint64_t text_hash(const struct checks *checks, const struct names *names)
{
	return siphash(&checks->key, names->bytes, names->length);
}

static unsigned pair_hash(const struct checks *checks, uint64_t text, uint16_t entity_length)
{
	const uint64_t pair[2] = {text, entity_length};

	return (unsigned)siphash(&checks->key, pair, sizeof pair);
}

static struct check *pair_find(
	const struct checks *checks, const struct names *names, uint64_t text)
{
	unsigned hash = pair_hash(checks, text, names->entity_length);
	const struct shard *shard = &checks->shards[hash >> SHARD_SHIFT];
	struct check *check;

	HASH_FIND_BYHASHVALUE(hh, shard->checks, names, names->length, hash, check);
	return check;
}

struct check *checks_find(const struct checks *checks, const struct names *names)
{
	return pair_find(checks, names, text_hash(checks, names));
}

/* Marks the ranks of all other checks with this text. */
static void ranks_find(const struct checks *checks, const struct names *names, uint64_t text,
	bool taken[CHECKS_UNRANKED + 1])
{
	for (uint16_t i = 1; i + 1 < names->length; i++) {
		struct names other = {names->bytes, names->length, i};
		const struct check *check = NULL;

		if (names->bytes[i] == ':' && i != names->entity_length)
			check = pair_find(checks, &other, text);
		if (check != NULL)
			taken[check->rank] = true;
	}
}

/* Whether a check with this text has this rank. */
static bool rank_is_taken(const struct checks *checks, const char *text, size_t length, int rank)
{
	const struct names names = {text, (uint16_t)length, 0};
	bool taken[CHECKS_UNRANKED + 1] = {false};

	ranks_find(checks, &names, text_hash(checks, &names), taken);
	return taken[rank];
}

/* The N of a text that ends in `#N`, if N is a rank; else 1. */
static int suffix_read(const char *text, size_t length, size_t *before)
{
	size_t at = length;
	int number = 0;

	while (at > 0 && length - at < CHECKS_SUFFIX - 2 && text[at - 1] >= '0' &&
		text[at - 1] <= '9')
		at--;
	for (size_t i = at; i < length; i++)
		number = 10 * number + (text[i] - '0');
	if (at < 2 || text[at - 1] != '#' || text[at] == '0' || number < 2 || number > CHECKS_RANKS)
		return 1;
	*before = at - 1;
	return number;
}

/* Whether another text, shorter or longer by `#N`, gives the key of these names and this rank. */
static bool key_is_taken(const struct checks *checks, const struct names *names, int rank)
{
	char longer[CHECKS_KEY];
	size_t before;

	if (rank == 1) {
		int number = suffix_read(names->bytes, names->length, &before);

		return number > 1 && rank_is_taken(checks, names->bytes, before, number);
	}
	int length =
		snprintf(longer, sizeof longer, "%.*s#%d", (int)names->length, names->bytes, rank);
	return rank_is_taken(checks, longer, (size_t)length, 1);
}

static uint8_t rank_choose(const struct checks *checks, const struct names *names, uint64_t text)
{
	bool taken[CHECKS_UNRANKED + 1] = {false};
	int rank = 1;

	ranks_find(checks, names, text, taken);
	while (rank <= CHECKS_RANKS && (taken[rank] || key_is_taken(checks, names, rank)))
		rank++;
	return (uint8_t)rank;
}

size_t check_key(const struct check *check, char out[CHECKS_KEY])
{
	size_t length = check->hh.keylen;

	memcpy(out, check->names, length);
	out[length] = '\0';
	if (check->rank == CHECKS_UNRANKED)
		out[check->entity_length] = '\x1f';
	else if (check->rank > 1)
		length += (size_t)snprintf(out + length, CHECKS_SUFFIX, "#%u", check->rank);
	return length;
}

/* Most events are as long as the one before: their bytes are reused. */
static void encoded_replace(struct encoded *old, const struct encoded *new)
{
	char *bytes = old->bytes;

	if (bytes == NULL || old->length != new->length)
		bytes = memory_resized(bytes, new->length);
	memcpy(bytes, new->bytes, new->length);
	*old = *new;
	old->bytes = bytes;
}

static void check_set(struct check *check, const struct prepared *event)
{
	bool ends = check->run.limit == 0 || check->run.id == 0 || event->run.id == 0 ||
		    check->run.id == event->run.id;

	encoded_replace(&check->encoded, &event->encoded);
	check->state = (uint8_t)event->state;
	check->time = event->time;
	check->fraction = event->fraction;
	check->ttl = event->ttl;
	check->received = event->received;
	check->run.before = RUN_BEFORE_FRESH;
	if (!ends)
		return;
	check->deadline = event->deadline;
	check->run = event->run.limit > 0 ? event->run : (struct run){0, 0, RUN_BEFORE_FRESH};
	check->overrun = false;
}

struct check *checks_add(struct checks *checks, const struct prepared *event)
{
	const struct names *names = &event->names;
	uint64_t text = text_hash(checks, names);
	unsigned hash = pair_hash(checks, text, names->entity_length);
	struct shard *shard = &checks->shards[hash >> SHARD_SHIFT];
	struct check *check = memory_zeroed(1, offsetof(struct check, names) + names->length);

	memcpy(check->names, names->bytes, names->length);
	check->entity_length = names->entity_length;
	check->rank = rank_choose(checks, names, text);
	check->since = event->since;
	check->shown = UINT8_MAX;
	check_set(check, event);
	pthread_mutex_lock(&shard->lock);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->checks, check, names->length, hash, check);
	pthread_mutex_unlock(&shard->lock);
	atomic_fetch_add_explicit(&checks->count, 1, memory_order_relaxed);
	return check;
}

void checks_set(struct checks *checks, struct check *check, const struct prepared *event)
{
	struct shard *shard = &checks->shards[check->hh.hashv >> SHARD_SHIFT];

	pthread_mutex_lock(&shard->lock);
	check_set(check, event);
	pthread_mutex_unlock(&shard->lock);
}

void checks_note(struct checks *checks, struct check *check, enum state reported, struct moment now)
{
	static const enum history_level levels[] = {[STATE_OK] = HISTORY_OK,
		[STATE_WARNING] = HISTORY_TROUBLE,
		[STATE_CRITICAL] = HISTORY_CRITICAL,
		[STATE_UNKNOWN] = HISTORY_TROUBLE};
	struct shard *shard = &checks->shards[check->hh.hashv >> SHARD_SHIFT];

	pthread_mutex_lock(&shard->lock);
	if (check->shown != reported)
		check->since = now.wall / NSEC_PER_SEC;
	check->shown = (uint8_t)reported;
	history_add(&check->history, levels[reported], now.monotonic);
	pthread_mutex_unlock(&shard->lock);
}

/* How the check is now, at the start of a run. */
static enum run_before run_before(const struct check *check, nsec now)
{
	if (check_overruns(check, now))
		return RUN_BEFORE_OVERRUN;
	return check_is_expired(check, now) ? RUN_BEFORE_STALE : RUN_BEFORE_FRESH;
}

void checks_start(
	struct checks *checks, struct check *check, const struct prepared *start, nsec now)
{
	struct shard *shard = &checks->shards[check->hh.hashv >> SHARD_SHIFT];
	struct run run = start->run;

	run.before = (uint8_t)run_before(check, now);
	pthread_mutex_lock(&shard->lock);
	check->run = run;
	check->deadline = start->deadline;
	pthread_mutex_unlock(&shard->lock);
	check->overrun = false;
}

void checks_remove(struct checks *checks, struct check *check)
{
	struct shard *shard = &checks->shards[check->hh.hashv >> SHARD_SHIFT];

	pthread_mutex_lock(&shard->lock);
	HASH_DEL(shard->checks, check);
	pthread_mutex_unlock(&shard->lock);
	atomic_fetch_sub_explicit(&checks->count, 1, memory_order_relaxed);
	free(check->encoded.bytes);
	check->encoded = (struct encoded){NULL, 0, 0};
}

void checks_clear(struct checks *checks)
{
	for (int i = 0; i < CHECKS_SHARDS; i++) {
		struct shard *shard = &checks->shards[i];

		pthread_mutex_lock(&shard->lock);
		size_t count = shard_clear(shard);
		pthread_mutex_unlock(&shard->lock);
		atomic_fetch_sub_explicit(&checks->count, count, memory_order_relaxed);
	}
}

void checks_work(struct checks *checks, unsigned shard, checks_worker *work, void *context)
{
	struct check *check, *next;

	HASH_ITER(hh, checks->shards[shard].checks, check, next)
		work(check, context);
}

void checks_visit(struct checks *checks, unsigned shard, checks_visitor *visit, void *context)
{
	pthread_mutex_lock(&checks->shards[shard].lock);
	for (const struct check *check = checks->shards[shard].checks; check != NULL;
		check = check->hh.next)
		visit(check, context);
	pthread_mutex_unlock(&checks->shards[shard].lock);
}

enum { PIECE = 200, PARTS_MAX = 256 };

static unsigned parts_choose(const struct checks *checks)
{
	unsigned parts = 1;

	while (parts < PARTS_MAX && checks_count(checks) / CHECKS_SHARDS / parts > PIECE)
		parts *= 2;
	return parts;
}

static void bucket_visit(const UT_hash_table *table, unsigned bucket,
	const struct checks_cursor *cursor, checks_visitor *visit, void *context)
{
	UT_hash_handle *handle = table->buckets[bucket].hh_head;

	for (; handle != NULL; handle = handle->hh_next)
		if (handle->hashv % cursor->parts == cursor->part)
			visit(ELMT_FROM_HH(table, handle), context);
}

/*
 * A part is all hashes with the same lower bits, as a bucket is: a check stays in its part when the
 * table grows, and only the part's buckets are visited.
 */
static void part_visit(const struct shard *shard, const struct checks_cursor *cursor,
	checks_visitor *visit, void *context)
{
	if (shard->checks == NULL)
		return;
	const UT_hash_table *table = shard->checks->hh.tbl;
	for (unsigned i = cursor->part % table->num_buckets; i < table->num_buckets;
		i += cursor->parts)
		bucket_visit(table, i, cursor, visit, context);
}

bool checks_visit_some(
	struct checks *checks, struct checks_cursor *cursor, checks_visitor *visit, void *context)
{
	struct shard *shard = &checks->shards[cursor->shard];

	if (cursor->parts == 0)
		cursor->parts = parts_choose(checks);
	pthread_mutex_lock(&shard->lock);
	part_visit(shard, cursor, visit, context);
	pthread_mutex_unlock(&shard->lock);
	if (++cursor->part < cursor->parts)
		return true;
	cursor->part = 0;
	if (++cursor->shard < CHECKS_SHARDS)
		return true;
	*cursor = (struct checks_cursor){0, 0, 0};
	return false;
}

void checks_visit_one(
	struct checks *checks, const struct names *names, checks_visitor *visit, void *context)
{
	uint64_t text = text_hash(checks, names);
	unsigned hash = pair_hash(checks, text, names->entity_length);
	struct shard *shard = &checks->shards[hash >> SHARD_SHIFT];

	pthread_mutex_lock(&shard->lock);
	const struct check *check = pair_find(checks, names, text);
	if (check != NULL)
		visit(check, context);
	pthread_mutex_unlock(&shard->lock);
}
