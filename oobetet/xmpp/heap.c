/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/heap.h"

#include "common/memory.h"

#include <malloc.h>
#include <stdlib.h>

static void *on_resize(void *block, size_t size, void *user)
{
	struct heap *heap = user;

	heap->held -= malloc_usable_size(block);
	block = memory_resized(block, size);
	heap->held += malloc_usable_size(block);
	return block;
}

static void *on_alloc(size_t size, void *user)
{
	return on_resize(NULL, size, user);
}

static void on_free(void *block, void *user)
{
	struct heap *heap = user;

	heap->held -= malloc_usable_size(block);
	free(block);
}

void heap_begin(struct heap *heap)
{
	*heap = (struct heap){.memory = {on_alloc, on_free, on_resize, heap}};
}

bool heap_is_exceeded(const struct heap *heap)
{
	return heap->held > HEAP_LIMIT;
}
