/* SPDX-License-Identifier: MIT */
#include "oobetet/ear/ration.h"

#include "common/memory.h"

#include <malloc.h>
#include <stdlib.h>

static void *on_resize(void *block, size_t size, void *user)
{
	struct ration *ration = user;

	ration->held -= malloc_usable_size(block);
	block = memory_resized(block, size);
	ration->held += malloc_usable_size(block);
	return block;
}

static void *on_alloc(size_t size, void *user)
{
	return on_resize(NULL, size, user);
}

static void on_free(void *block, void *user)
{
	struct ration *ration = user;

	ration->held -= malloc_usable_size(block);
	free(block);
}

void ration_begin(struct ration *ration)
{
	*ration = (struct ration){.memory = {on_alloc, on_free, on_resize, ration}};
}

bool ration_is_exceeded(const struct ration *ration)
{
	return ration->held > RATION;
}
