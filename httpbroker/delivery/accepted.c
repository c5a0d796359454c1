/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/accepted.h"

#include "common/memory.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* A check with an entry. */
struct entry_check {
	UT_hash_handle hh;
	struct entry *latest;
	size_t count;
	char names[]; /* `entity`, NUL, `check`: two pairs that look alike are two */
};

struct accepted {
	struct siphash_key key;
	struct entry *all;  /* a list */
	struct entry *next; /* the first that is not applied; NULL: none */
	struct entry_check *checks;
	size_t count, unapplied, max;
	size_t bytes;     /* of those not applied */
	size_t all_bytes; /* of all */
};

struct accepted *accepted_new(size_t max, const struct siphash_key *key)
{
	struct accepted *accepted = memory_zeroed(1, sizeof *accepted);

	accepted->max = max;
	accepted->key = *key;
	return accepted;
}

/* The check, if it has an entry; *hash is set, for check_add(). */
static struct entry_check *check_find(const struct accepted *accepted,
	const struct prepared *prepared, char names[NAMES_MAX], unsigned *hash)
{
	struct entry_check *check;

	/* The names with a NUL between them. */
	memcpy(names, prepared->names.bytes, prepared->names.length);
	names[prepared->names.entity_length] = '\0';
	*hash = (unsigned)siphash(&accepted->key, names, prepared->names.length);
	HASH_FIND_BYHASHVALUE(hh, accepted->checks, names, prepared->names.length, *hash, check);
	return check;
}

/* The check, added if it was not there; NULL for an event that is no lasting state. */
static struct entry_check *check_of(struct accepted *accepted, const struct prepared *prepared)
{
	const size_t length = prepared->names.length;
	char names[NAMES_MAX];
	unsigned hash;

	if (!state_lasts(prepared->state))
		return NULL;
	struct entry_check *check = check_find(accepted, prepared, names, &hash);
	if (check != NULL)
		return check;
	check = memory_zeroed(1, sizeof *check + length);
	memcpy(check->names, names, length);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, accepted->checks, check->names, length, hash, check);
	return check;
}

static void check_leave(struct accepted *accepted, struct entry *entry)
{
	struct entry_check *check = entry->check;

	if (check == NULL)
		return;
	if (check->latest == entry)
		check->latest = NULL;
	if (--check->count > 0)
		return;
	HASH_DEL(accepted->checks, check);
	free(check);
}

static void names_encode(struct buffer *out, const struct names *names)
{
	size_t check = names->entity_length + 1u;

	buffer_append_text(out, "{\"entity\":");
	jsontext_string(out, names->bytes, names->entity_length);
	buffer_append_text(out, ",\"check\":");
	jsontext_string(out, names->bytes + check, names->length - check);
}

static void millis_append(struct buffer *out, uint16_t fraction)
{
	if (fraction == 0)
		return;
	buffer_append_text(out, ",\"millis\":");
	jsontext_number(out, fraction - 1);
}

void encode_stored(struct buffer *out, const struct prepared *prepared)
{
	if (prepared->forgotten) {
		names_encode(out, &prepared->names);
		buffer_append_text(out, ",\"forgotten\":");
		jsontext_number(out, prepared->time);
		millis_append(out, prepared->fraction);
		buffer_append(out, "}", 1);
		return;
	}
	buffer_append(out, prepared->event.bytes, prepared->event.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, prepared->time);
	millis_append(out, prepared->fraction);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, prepared->ttl);
	char text[RECORD_RUN_TEXT];
	buffer_append(out, text, record_run_write(text, &prepared->run, prepared->start));
	if (prepared->former != NULL) {
		buffer_append_text(out, ",\"formerly\":");
		names_encode(out, &prepared->former->names);
		buffer_append(out, "}", 1);
	}
	buffer_append(out, "}", 1);
}

static void entry_write(struct entry *entry, const struct prepared *prepared)
{
	struct buffer json = {NULL, 0, 0};

	encode_stored(&json, prepared);
	free(entry->json);
	entry->json = memory_resized(json.data, json.length);
	entry->length = json.length;
	entry->state = prepared->state;
	entry->forgotten = prepared->forgotten;
	entry->start = prepared->start;
	entry->run_id = prepared->run.id;
	entry->time = (struct instant){prepared->time, prepared->fraction};
}

/* The check's latest entry, if this event has the same state and is not older. */
static struct entry *entry_same(
	const struct entry_check *check, const struct prepared *prepared, bool applied)
{
	const struct instant time = {prepared->time, prepared->fraction};
	struct entry *latest = check != NULL ? check->latest : NULL;
	bool same = latest != NULL && latest->applied == applied && !latest->again &&
		    latest->forgotten == prepared->forgotten && latest->state == prepared->state &&
		    latest->start == prepared->start && latest->run_id == prepared->run.id &&
		    instant_compare(latest->time, time) <= 0;

	return same ? latest : NULL;
}

static struct entry *entry_put(
	struct accepted *accepted, const struct prepared *prepared, bool applied)
{
	struct entry_check *check = check_of(accepted, prepared);
	struct entry *entry = entry_same(check, prepared, applied);

	if (entry == NULL) {
		entry = memory_zeroed(1, sizeof *entry);
		entry->applied = applied;
		entry->check = check;
		if (check != NULL) {
			check->count++;
			check->latest = entry;
		}
		DL_APPEND(accepted->all, entry);
		accepted->count++;
		accepted->unapplied += !applied;
		if (!applied && accepted->next == NULL)
			accepted->next = entry;
	}
	accepted->bytes -= applied ? 0 : entry->length;
	accepted->all_bytes -= entry->length;
	entry_write(entry, prepared);
	accepted->bytes += applied ? 0 : entry->length;
	accepted->all_bytes += entry->length;
	return entry;
}

bool accepted_put(struct accepted *accepted, const struct prepared *prepared)
{
	char names[NAMES_MAX];
	unsigned hash;
	bool full = accepted->unapplied >= accepted->max || accepted->bytes >= LIMIT_PENDING_BYTES;

	/* one that replaces another needs no room */
	if (full &&
		entry_same(check_find(accepted, prepared, names, &hash), prepared, false) == NULL)
		return false;
	entry_put(accepted, prepared, false);
	return true;
}

void accepted_put_applied(struct accepted *accepted, const struct prepared *prepared,
	const struct watermarks *watermarks)
{
	size_t before = accepted->count;
	struct entry *entry = entry_put(accepted, prepared, true);

	entry->watermarks = *watermarks;
	if (accepted->count > before)
		entry->first = *watermarks;
}

/* From this one on, the first that is not applied. */
static struct entry *unapplied_find(struct entry *entry)
{
	while (entry != NULL && entry->applied)
		entry = entry->next;
	return entry;
}

/* Only from the front. */
static void entry_drop(struct accepted *accepted)
{
	struct entry *entry = accepted->all;

	if (accepted->next == entry)
		accepted->next = unapplied_find(entry->next);
	accepted->unapplied -= !entry->applied;
	accepted->all_bytes -= entry->length;
	accepted->bytes -= entry->applied ? 0 : entry->length;
	accepted->count--;
	DL_DELETE(accepted->all, entry);
	check_leave(accepted, entry);
	free(entry->json);
	free(entry);
}

void accepted_drop(struct accepted *accepted, size_t count)
{
	while (count-- > 0 && accepted->all != NULL)
		entry_drop(accepted);
}

void accepted_freeze(struct accepted *accepted, size_t count)
{
	struct entry *entry = accepted->all;

	for (; count > 0 && entry != NULL; count--, entry = entry->next) {
		check_leave(accepted, entry);
		entry->check = NULL;
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

static void entry_reopen(struct accepted *accepted, struct entry *entry)
{
	accepted->unapplied += entry->applied;
	accepted->bytes += entry->applied ? entry->length : 0;
	entry->applied = entry->again = false;
}

void accepted_reopen(struct accepted *accepted)
{
	struct entry *entry;

	DL_FOREACH(accepted->all, entry)
		entry_reopen(accepted, entry);
	accepted->next = accepted->all;
}

void accepted_repeat(struct accepted *accepted, const struct watermarks *done)
{
	struct entry *entry;

	DL_FOREACH(accepted->all, entry)
		if (entry->applied && watermarks_reached(done, &entry->first)) {
			entry_reopen(accepted, entry);
			entry->again = true;
		}
	accepted->next = unapplied_find(accepted->all);
}

bool accepted_is_full(const struct accepted *accepted, size_t more)
{
	return accepted->count >= accepted->max + more ||
	       accepted->all_bytes >= LIMIT_PENDING_BYTES + more * 1024;
}

struct entry *accepted_next(const struct accepted *accepted)
{
	return accepted->next;
}

void accepted_mark_applied(struct accepted *accepted, const struct watermarks *watermarks)
{
	struct entry *entry = accepted->next;

	entry->applied = true;
	entry->again = false;
	entry->watermarks = entry->first = *watermarks;
	accepted->next = unapplied_find(entry->next);
	accepted->unapplied--;
	accepted->bytes -= entry->length;
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

	for (const struct entry *entry = accepted->next; entry != NULL; entry = entry->next)
		count += !entry->applied && !entry->again && entry->check != NULL &&
			 entry->check->latest == entry;
	return count;
}

static void known_update(struct replication *replication, size_t replicas, nsec now)
{
	bool fewer = replicas < replication->known;

	if (fewer && replication->fewer_since == 0)
		replication->fewer_since = now;
	if (fewer && now - replication->fewer_since < REPLICATION_KEPT)
		return;
	replication->known = replicas;
	replication->fewer_since = 0;
}

void replication_update(struct replication *replication, const struct role *role,
	const struct watermarks *done, nsec now)
{
	known_update(replication, role->replicas, now);
	if (!replication_keeps(replication)) {
		replication->kept_from = *done;
		replication->marked = false;
		return;
	}
	bool all = role->replicas >= replication->known && role->least >= replication->mark;
	if (replication->marked && (all || now - replication->marked_at >= REPLICATION_KEPT)) {
		replication->kept_from = replication->reaches;
		replication->marked = false;
	}
	if (replication->marked)
		return;
	replication->marked = true;
	replication->mark = role->offset;
	replication->reaches = *done;
	replication->marked_at = now;
}

void replication_unmark(struct replication *replication)
{
	replication->marked = false;
}

void replication_reset(struct replication *replication)
{
	replication->marked = false;
	replication->kept_from = (struct watermarks){0, 0};
}

bool replication_keeps(const struct replication *replication)
{
	return replication->known > 1;
}
