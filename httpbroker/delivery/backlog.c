/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/backlog.h"

#include "common/memory.h"
#include "httpbroker/delivery/recall.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* A check of which something is kept. */
struct kept_check {
	UT_hash_handle hh;
	struct kept *latest;
	size_t count;
	char names[]; /* `entity`, NUL, `check`: two pairs that look alike are two */
};

struct backlog {
	struct siphash_key key;
	struct kept *all;  /* a list */
	struct kept *next; /* the first of them that was not judged; NULL: none */
	struct kept_check *checks;
	size_t count, unjudged, most;
	size_t bytes; /* of those not judged */
};

struct backlog *backlog_new(size_t most, const struct siphash_key *key)
{
	struct backlog *backlog = memory_zeroed(1, sizeof *backlog);

	backlog->most = most;
	backlog->key = *key;
	return backlog;
}

/* The names with a NUL between them. */
static void names_write(const struct posting *posting, char out[2 * LIMIT_NAME + 1])
{
	memcpy(out, posting->names.bytes, posting->names.length);
	out[posting->names.entity_length] = '\0';
}

static unsigned names_hash(const struct backlog *backlog, const char *names, size_t length)
{
	return (unsigned)siphash(&backlog->key, names, length);
}

/* The check, if something of it is kept. */
static struct kept_check *check_known(const struct backlog *backlog, const struct posting *posting)
{
	const size_t length = posting->names.length;
	char names[2 * LIMIT_NAME + 1];
	struct kept_check *check;

	names_write(posting, names);
	unsigned hash = names_hash(backlog, names, length);
	HASH_FIND_BYHASHVALUE(hh, backlog->checks, names, length, hash, check);
	return check;
}

/* The check, now if not before; NULL for what says nothing of how a check is doing. */
static struct kept_check *check_of(struct backlog *backlog, const struct posting *posting)
{
	const size_t length = posting->names.length;
	struct kept_check *check = check_known(backlog, posting);

	if (!condition_lasts(posting->condition) || check != NULL)
		return condition_lasts(posting->condition) ? check : NULL;
	check = memory_zeroed(1, sizeof *check + length);
	names_write(posting, check->names);
	unsigned hash = names_hash(backlog, check->names, length);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, backlog->checks, check->names, length, hash, check);
	return check;
}

static void check_leave(struct backlog *backlog, struct kept *kept)
{
	struct kept_check *check = kept->check;

	if (check == NULL)
		return;
	if (check->latest == kept)
		check->latest = NULL;
	if (--check->count > 0)
		return;
	HASH_DEL(backlog->checks, check);
	free(check);
}

static void kept_write(struct kept *kept, const struct posting *posting)
{
	struct buffer json = {NULL, 0, 0};

	recall_write(&json, posting);
	free(kept->json);
	kept->json = memory_resized(json.data, json.length);
	kept->length = json.length;
	kept->condition = posting->condition;
	kept->forgotten = posting->forgotten;
	kept->time = (struct instant){posting->time, posting->fraction};
}

/* The one before of this check, if this one says the same and is not older. */
static struct kept *kept_same(
	const struct kept_check *check, const struct posting *posting, bool judged)
{
	const struct instant time = {posting->time, posting->fraction};
	struct kept *latest = check != NULL ? check->latest : NULL;
	bool same = latest != NULL && latest->judged == judged &&
		    latest->forgotten == posting->forgotten &&
		    latest->condition == posting->condition &&
		    instant_compare(latest->time, time) <= 0;

	return same ? latest : NULL;
}

static struct kept *kept_put(struct backlog *backlog, const struct posting *posting, bool judged)
{
	struct kept_check *check = check_of(backlog, posting);
	struct kept *kept = kept_same(check, posting, judged);

	if (kept == NULL) {
		kept = memory_zeroed(1, sizeof *kept);
		kept->judged = judged;
		kept->check = check;
		if (check != NULL) {
			check->count++;
			check->latest = kept;
		}
		DL_APPEND(backlog->all, kept);
		backlog->count++;
		backlog->unjudged += !judged;
		if (!judged && backlog->next == NULL)
			backlog->next = kept;
	}
	backlog->bytes -= judged ? 0 : kept->length;
	kept_write(kept, posting);
	backlog->bytes += judged ? 0 : kept->length;
	return kept;
}

bool backlog_put(struct backlog *backlog, const struct posting *posting)
{
	bool full = backlog->unjudged >= backlog->most || backlog->bytes >= LIMIT_PENDING_BYTES;

	/* whatever takes the place of another needs no room */
	if (full && kept_same(check_known(backlog, posting), posting, false) == NULL)
		return false;
	kept_put(backlog, posting, false);
	return true;
}

void backlog_put_judged(
	struct backlog *backlog, const struct posting *posting, const struct marks *marks)
{
	kept_put(backlog, posting, true)->marks = *marks;
}

/* Only from the front. */
static void kept_drop(struct backlog *backlog)
{
	struct kept *kept = backlog->all;

	if (backlog->next == kept)
		backlog->next = kept->next;
	backlog->unjudged -= !kept->judged;
	backlog->bytes -= kept->judged ? 0 : kept->length;
	backlog->count--;
	DL_DELETE(backlog->all, kept);
	check_leave(backlog, kept);
	free(kept->json);
	free(kept);
}

void backlog_drop(struct backlog *backlog, size_t count)
{
	while (count-- > 0 && backlog->all != NULL)
		kept_drop(backlog);
}

void backlog_freeze(struct backlog *backlog, size_t count)
{
	struct kept *kept = backlog->all;

	for (; count > 0 && kept != NULL; count--, kept = kept->next) {
		check_leave(backlog, kept);
		kept->check = NULL;
	}
}

void backlog_free(struct backlog *backlog)
{
	backlog_drop(backlog, backlog->count);
	free(backlog);
}

void backlog_done(struct backlog *backlog, const struct marks *done)
{
	while (backlog->all != NULL && backlog->all->judged &&
		marks_reached(done, &backlog->all->marks))
		kept_drop(backlog);
}

void backlog_reopen(struct backlog *backlog)
{
	struct kept *kept;

	DL_FOREACH(backlog->all, kept) {
		backlog->unjudged += kept->judged;
		backlog->bytes += kept->judged ? kept->length : 0;
		kept->judged = false;
	}
	backlog->next = backlog->all;
}

struct kept *backlog_next(const struct backlog *backlog)
{
	return backlog->next;
}

void backlog_judged(struct backlog *backlog, const struct marks *marks)
{
	struct kept *kept = backlog->next;

	kept->judged = true;
	kept->marks = *marks;
	backlog->next = kept->next;
	backlog->unjudged--;
	backlog->bytes -= kept->length;
}

struct kept *backlog_first(const struct backlog *backlog)
{
	return backlog->all;
}

size_t backlog_count(const struct backlog *backlog)
{
	return backlog->count;
}

size_t backlog_unjudged(const struct backlog *backlog)
{
	return backlog->unjudged;
}

size_t backlog_unjudged_checks(const struct backlog *backlog)
{
	size_t count = 0;

	for (const struct kept *kept = backlog->next; kept != NULL; kept = kept->next)
		count += kept->check != NULL && kept->check->latest == kept;
	return count;
}
