/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/accepted.h"

#include "common/memory.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* A check of which something is kept. */
struct entry_check {
	UT_hash_handle hh;
	struct entry *latest;
	size_t count;
	char names[]; /* `entity`, NUL, `check`: two pairs that look alike are two */
};

struct accepted {
	struct siphash_key key;
	struct entry *all;  /* a list */
	struct entry *next; /* the first of them that was not judged; NULL: none */
	struct entry_check *checks;
	size_t count, unapplied, max;
	size_t bytes; /* of those not judged */
};

struct accepted *accepted_new(size_t max, const struct siphash_key *key)
{
	struct accepted *accepted = memory_zeroed(1, sizeof *accepted);

	accepted->max = max;
	accepted->key = *key;
	return accepted;
}

/* The names with a NUL between them. */
static void names_write(const struct prepared *prepared, char out[2 * LIMIT_NAME + 1])
{
	memcpy(out, prepared->names.bytes, prepared->names.length);
	out[prepared->names.entity_length] = '\0';
}

static unsigned names_hash(const struct accepted *accepted, const char *names, size_t length)
{
	return (unsigned)siphash(&accepted->key, names, length);
}

/* The check, if something of it is kept. */
static struct entry_check *check_known(
	const struct accepted *accepted, const struct prepared *prepared)
{
	const size_t length = prepared->names.length;
	char names[2 * LIMIT_NAME + 1];
	struct entry_check *check;

	names_write(prepared, names);
	unsigned hash = names_hash(accepted, names, length);
	HASH_FIND_BYHASHVALUE(hh, accepted->checks, names, length, hash, check);
	return check;
}

/* The check, now if not before; NULL for what says nothing of how a check is doing. */
static struct entry_check *check_of(struct accepted *accepted, const struct prepared *prepared)
{
	const size_t length = prepared->names.length;
	struct entry_check *check = check_known(accepted, prepared);

	if (!state_lasts(prepared->state) || check != NULL)
		return state_lasts(prepared->state) ? check : NULL;
	check = memory_zeroed(1, sizeof *check + length);
	names_write(prepared, check->names);
	unsigned hash = names_hash(accepted, check->names, length);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, accepted->checks, check->names, length, hash, check);
	return check;
}

static void check_leave(struct accepted *accepted, struct entry *kept)
{
	struct entry_check *check = kept->check;

	if (check == NULL)
		return;
	if (check->latest == kept)
		check->latest = NULL;
	if (--check->count > 0)
		return;
	HASH_DEL(accepted->checks, check);
	free(check);
}

static void entry_write(struct entry *kept, const struct prepared *prepared)
{
	struct buffer json = {NULL, 0, 0};

	encode_stored(&json, prepared);
	free(kept->json);
	kept->json = memory_resized(json.data, json.length);
	kept->length = json.length;
	kept->state = prepared->state;
	kept->forgotten = prepared->forgotten;
	kept->time = (struct instant){prepared->time, prepared->fraction};
}

/* The one before of this check, if this one says the same and is not older. */
static struct entry *entry_same(
	const struct entry_check *check, const struct prepared *prepared, bool applied)
{
	const struct instant time = {prepared->time, prepared->fraction};
	struct entry *latest = check != NULL ? check->latest : NULL;
	bool same = latest != NULL && latest->applied == applied &&
		    latest->forgotten == prepared->forgotten && latest->state == prepared->state &&
		    instant_compare(latest->time, time) <= 0;

	return same ? latest : NULL;
}

static struct entry *entry_put(
	struct accepted *accepted, const struct prepared *prepared, bool applied)
{
	struct entry_check *check = check_of(accepted, prepared);
	struct entry *kept = entry_same(check, prepared, applied);

	if (kept == NULL) {
		kept = memory_zeroed(1, sizeof *kept);
		kept->applied = applied;
		kept->check = check;
		if (check != NULL) {
			check->count++;
			check->latest = kept;
		}
		DL_APPEND(accepted->all, kept);
		accepted->count++;
		accepted->unapplied += !applied;
		if (!applied && accepted->next == NULL)
			accepted->next = kept;
	}
	accepted->bytes -= applied ? 0 : kept->length;
	entry_write(kept, prepared);
	accepted->bytes += applied ? 0 : kept->length;
	return kept;
}

bool accepted_put(struct accepted *accepted, const struct prepared *prepared)
{
	bool full = accepted->unapplied >= accepted->max || accepted->bytes >= LIMIT_PENDING_BYTES;

	/* whatever takes the place of another needs no room */
	if (full && entry_same(check_known(accepted, prepared), prepared, false) == NULL)
		return false;
	entry_put(accepted, prepared, false);
	return true;
}

void accepted_put_applied(struct accepted *accepted, const struct prepared *prepared,
	const struct watermarks *watermarks)
{
	entry_put(accepted, prepared, true)->watermarks = *watermarks;
}

/* Only from the front. */
static void entry_drop(struct accepted *accepted)
{
	struct entry *kept = accepted->all;

	if (accepted->next == kept)
		accepted->next = kept->next;
	accepted->unapplied -= !kept->applied;
	accepted->bytes -= kept->applied ? 0 : kept->length;
	accepted->count--;
	DL_DELETE(accepted->all, kept);
	check_leave(accepted, kept);
	free(kept->json);
	free(kept);
}

void accepted_drop(struct accepted *accepted, size_t count)
{
	while (count-- > 0 && accepted->all != NULL)
		entry_drop(accepted);
}

void accepted_freeze(struct accepted *accepted, size_t count)
{
	struct entry *kept = accepted->all;

	for (; count > 0 && kept != NULL; count--, kept = kept->next) {
		check_leave(accepted, kept);
		kept->check = NULL;
	}
}

void accepted_free(struct accepted *accepted)
{
	accepted_drop(accepted, accepted->count);
	free(accepted);
}

void accepted_committed(struct accepted *accepted, const struct watermarks *done)
{
	while (accepted->all != NULL && accepted->all->applied &&
		watermarks_reached(done, &accepted->all->watermarks))
		entry_drop(accepted);
}

void accepted_reopen(struct accepted *accepted)
{
	struct entry *kept;

	DL_FOREACH(accepted->all, kept) {
		accepted->unapplied += kept->applied;
		accepted->bytes += kept->applied ? kept->length : 0;
		kept->applied = false;
	}
	accepted->next = accepted->all;
}

struct entry *accepted_next(const struct accepted *accepted)
{
	return accepted->next;
}

void accepted_mark_applied(struct accepted *accepted, const struct watermarks *watermarks)
{
	struct entry *kept = accepted->next;

	kept->applied = true;
	kept->watermarks = *watermarks;
	accepted->next = kept->next;
	accepted->unapplied--;
	accepted->bytes -= kept->length;
}

struct entry *accepted_first(const struct accepted *accepted)
{
	return accepted->all;
}

size_t accepted_count(const struct accepted *accepted)
{
	return accepted->count;
}

size_t accepted_unapplied(const struct accepted *accepted)
{
	return accepted->unapplied;
}

size_t accepted_unapplied_checks(const struct accepted *accepted)
{
	size_t count = 0;

	for (const struct entry *kept = accepted->next; kept != NULL; kept = kept->next)
		count += kept->check != NULL && kept->check->latest == kept;
	return count;
}
