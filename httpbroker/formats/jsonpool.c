/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/jsonpool.h"

#include <jansson.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Of the threads that come first: there are no more, but for very many addresses to listen on. */
enum { POOLS = 16, POOL_BYTES = 1 << 20, ALIGNMENT = alignof(max_align_t) };

struct pool {
	/* the thread's own */
	size_t used;
	unsigned living; /* blocks that it has taken, without those that it has given back */

	atomic_uint strayed; /* given back by other threads */
	alignas(max_align_t) char bytes[POOL_BYTES];
};

static struct pool pools[POOLS];
static atomic_uint owned;
static _Thread_local struct pool *mine;
static _Thread_local bool looked; /* for one */

static const struct jsonpool_bound *bound; /* NULL: there is none */

static _Thread_local struct {
	bool on;
	size_t taken; /* bytes beyond the pool */
	enum jsonpool_end end;
} reading;

static struct pool *pool_mine(void)
{
	if (looked)
		return mine;
	unsigned number = atomic_fetch_add(&owned, 1);
	looked = true;
	mine = number < POOLS ? &pools[number] : NULL;
	return mine;
}

/* NULL: malloc's. */
static struct pool *pool_of(const void *block)
{
	uintptr_t offset = (uintptr_t)block - (uintptr_t)pools;

	return offset < sizeof pools ? &pools[offset / sizeof pools[0]] : NULL;
}

/* What others have written to a block, they had done before they gave it back. */
static void pool_look(struct pool *pool)
{
	if (pool->living != atomic_load_explicit(&pool->strayed, memory_order_acquire))
		return;
	atomic_store_explicit(&pool->strayed, 0, memory_order_relaxed);
	pool->living = 0;
	pool->used = 0;
}

/* Whether there may be a block of so many bytes beyond the pools, which then is counted. */
static bool bound_take(size_t bytes)
{
	if (bound == NULL)
		return true;
	if (!reading.on)
		return bound->take(bound->owner, bytes, true);
	if (reading.end == JSONPOOL_FITS && reading.taken + bytes > bound->max)
		reading.end = JSONPOOL_LARGE;
	else if (reading.end == JSONPOOL_FITS && !bound->take(bound->owner, bytes, false))
		reading.end = JSONPOOL_FULL;
	if (reading.end != JSONPOOL_FITS)
		return false;
	reading.taken += bytes;
	return true;
}

/* With what malloc needs beside it: most blocks are small. */
static size_t block_bytes(void *block)
{
	return malloc_usable_size(block) + sizeof(size_t);
}

static void *block_take(size_t size)
{
	void *block = malloc(size);

	if (block == NULL || bound_take(block_bytes(block)))
		return block;
	free(block);
	return NULL;
}

static void block_give(void *block)
{
	if (bound != NULL && block != NULL)
		bound->give(bound->owner, block_bytes(block));
	free(block);
}

void *jsonpool_take(size_t size)
{
	struct pool *pool = pool_mine();

	if (pool == NULL || size > POOL_BYTES - pool->used)
		return block_take(size);
	void *block = pool->bytes + pool->used;
	size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	pool->used += rounded;
	pool->living++;
	return block;
}

void jsonpool_give(void *block)
{
	struct pool *pool = pool_of(block);

	if (pool == NULL) {
		block_give(block);
	} else if (pool == pool_mine()) {
		pool->living--;
		pool_look(pool);
	} else {
		atomic_fetch_add_explicit(&pool->strayed, 1, memory_order_release);
	}
}

/* AddressSanitizer is to see each block by itself. */
void jsonpool_use(const struct jsonpool_bound *its)
{
	bound = its;
#ifdef __SANITIZE_ADDRESS__
	json_set_alloc_funcs(block_take, block_give);
#else
	json_set_alloc_funcs(jsonpool_take, jsonpool_give);
#endif
}

void jsonpool_read_begin(void)
{
	reading.on = true;
	reading.taken = 0;
	reading.end = JSONPOOL_FITS;
}

enum jsonpool_end jsonpool_read_end(void)
{
	reading.on = false;
	return reading.end;
}
