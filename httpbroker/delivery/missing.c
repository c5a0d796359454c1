/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/missing.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct missed {
	UT_hash_handle hh;
	char field[];
};

struct missing {
	struct siphash_key key;
	bool open;
	struct missed *all;
};

struct missing *missing_new(const struct siphash_key *key)
{
	struct missing *missing = memory_zeroed(1, sizeof *missing);

	missing->key = *key;
	return missing;
}

void missing_open(struct missing *missing, bool open)
{
	struct missed *missed, *next;

	HASH_ITER(hh, missing->all, missed, next) {
		HASH_DEL(missing->all, missed);
		free(missed);
	}
	missing->open = open;
}

void missing_free(struct missing *missing)
{
	missing_open(missing, false);
	free(missing);
}

bool missing_has(const struct missing *missing, const char *field, size_t length)
{
	unsigned hash = (unsigned)siphash(&missing->key, field, length);
	struct missed *missed;

	HASH_FIND_BYHASHVALUE(hh, missing->all, field, length, hash, missed);
	return missed != NULL;
}

void missing_add(struct missing *missing, const char *field, size_t length)
{
	unsigned hash = (unsigned)siphash(&missing->key, field, length);
	struct missed *missed;

	if (!missing->open || missing_has(missing, field, length))
		return;
	missed = memory_zeroed(1, sizeof *missed + length);
	memcpy(missed->field, field, length);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, missing->all, missed->field, length, hash, missed);
}
