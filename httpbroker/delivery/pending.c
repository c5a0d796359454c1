/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/pending.h"

#include "common/memory.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <utlist.h>

enum { FORGET_SHARDS = 8 }; /* searched in one go: a few ms of a large table */

struct pending {
	struct core *core;
	struct loader *loader;
	struct accepted *accepted;
	struct submission *arrived; /* not wholly applied; the oldest first */
	struct submission *forget;  /* whole entities: the first is being searched, in `shard` */
	unsigned shard;
	struct submission *waiting; /* until the result is in Redis */
	bool unconfirmed;           /* no replica has what is committed */
};

struct pending *pending_new(struct core *core, struct loader *loader, struct accepted *accepted)
{
	struct pending *pending = memory_zeroed(1, sizeof *pending);

	pending->core = core;
	pending->loader = loader;
	pending->accepted = accepted;
	return pending;
}

void pending_free(struct pending *pending)
{
	free(pending);
}

/* The accepted events that are not in the table yet, a line each, as decode_event() reads them. */
static void accepted_answer(const struct pending *pending, struct submission *submission)
{
	const struct entry *entry;

	for (entry = accepted_next(pending->accepted); entry != NULL; entry = entry->next) {
		if (entry->applied || entry->again)
			continue;
		buffer_append(submission->accepted, entry->json, entry->length);
		buffer_append(submission->accepted, "\n", 1);
	}
	submission->result = SUBMISSION_COMMITTED;
	submission->done(submission);
}

void pending_add(struct pending *pending, struct submission *list, nsec now)
{
	struct submission *submission, *next;

	DL_FOREACH_SAFE(list, submission, next) {
		if (submission->accepted != NULL) {
			accepted_answer(pending, submission);
			continue;
		}
		submission->since = now;
		submission->applied = 0;
		DL_APPEND(pending->arrived, submission);
	}
}

static void submission_answer(
	struct submission **list, struct submission *submission, enum submission_result result)
{
	DL_DELETE(*list, submission);
	submission->result = result;
	if (submission->forget != NULL)
		forget_end(submission->forget);
	submission->done(submission);
}

static void submission_drop(
	struct submission **list, struct submission *submission, const char *why)
{
	submission->why = why;
	submission_answer(list, submission, SUBMISSION_DROPPED);
}

/* All of the submission is in the outbox. */
static void submission_await(
	struct pending *pending, struct submission **from, struct submission *submission)
{
	submission->watermarks = outbox_watermarks(pending->core->outbox);
	DL_DELETE(*from, submission);
	DL_APPEND(pending->waiting, submission);
}

/* An entity is searched a few shards at a time, so that nobody waits for long. */
static void forget_begin(struct pending *pending, struct submission *submission, struct moment now)
{
	struct forget *forget = submission->forget;

	if (!loader_complete(pending->loader)) {
		submission_drop(&pending->arrived, submission,
			"the states are still being read from Redis");
	} else if (forget_is_whole_entity(forget)) {
		DL_DELETE(pending->arrived, submission);
		DL_APPEND(pending->forget, submission);
	} else {
		forget_check(forget, pending->core, now);
		submission_await(pending, &pending->arrived, submission);
	}
}

static void forget_work(struct pending *pending, struct moment now)
{
	struct submission *submission = pending->forget;

	for (int i = 0; submission != NULL && i < FORGET_SHARDS; i++)
		forget_shard(submission->forget, pending->core, pending->shard++, now);
	if (submission == NULL || pending->shard < CHECKS_SHARDS)
		return;
	pending->shard = 0;
	submission_await(pending, &pending->forget, submission);
}

/*
 * Whether too many events are kept: as many as may wait, and one for each check, for one that
 * repeats a state takes the place of the one before.
 */
static bool is_full(const struct pending *pending)
{
	return accepted_is_full(pending->accepted, checks_count(pending->core->checks));
}

/*
 * Applies events up to the first whose record is not loaded; only prefetches if `blocked`. Returns
 * whether all are applied.
 */
static bool events_apply(
	struct pending *pending, struct submission *submission, bool blocked, struct moment now)
{
	bool ready = !blocked;

	for (size_t i = submission->applied; i < submission->count; i++) {
		struct item *item = &submission->items[i];

		if (item->submitted)
			ready &= loader_ready(
				pending->loader, pending->core->checks, &item->prepared);
		if (!ready)
			continue;
		if (item->submitted)
			item->result =
				pending->unconfirmed && is_full(pending)
					? ENGINE_FULL
					: engine_apply(pending->core->engine, &item->prepared, now);
		submission->applied = i + 1;
	}
	return ready;
}

static void arrived_apply(struct pending *pending, struct moment now)
{
	struct submission *submission, *next;
	bool ready = true;

	DL_FOREACH_SAFE(pending->arrived, submission, next) {
		if (submission->forget != NULL && !ready)
			return;
		if (submission->forget != NULL) {
			forget_begin(pending, submission, now);
			continue;
		}
		ready = events_apply(pending, submission, !ready, now);
		if (ready)
			submission_await(pending, &pending->arrived, submission);
	}
}

enum { ACCEPTED_MAX = 1000 }; /* applied in one go, so that nobody waits for long */

/* An entry that cannot be decoded counts as applied; it is our own, so that should not happen. */
static bool entry_decode(const struct pending *pending, const struct entry *entry,
	struct prepared *out, struct moment now)
{
	const struct decode_context context = {pending->core->flapjack, 0, now};
	struct reason ignored;

	return decode_event(&context, (struct blob){entry->json, entry->length}, out, &ignored);
}

/* False if its record is not loaded, or there is no room. */
static bool entry_apply(struct pending *pending, const struct entry *entry, struct moment now)
{
	struct prepared prepared;

	if (!entry_decode(pending, entry, &prepared, now))
		return true;
	prepared.again = entry->again;
	bool applied = loader_ready(pending->loader, pending->core->checks, &prepared) &&
		       engine_apply(pending->core->engine, &prepared, now) != ENGINE_FULL;
	prepared_free(&prepared);
	return applied;
}

/* False while some are left. */
static bool accepted_apply(struct pending *pending, struct moment now)
{
	const struct entry *entry;

	for (int i = 0; (entry = accepted_next(pending->accepted)) != NULL; i++) {
		if (i == ACCEPTED_MAX || !entry_apply(pending, entry, now))
			return false;
		struct watermarks watermarks = outbox_watermarks(pending->core->outbox);
		accepted_mark_applied(pending->accepted, &watermarks);
	}
	return true;
}

/* Prefetches the records of the entries behind the first that has to wait. */
static void accepted_prefetch(struct pending *pending, struct moment now)
{
	const struct entry *entry = accepted_next(pending->accepted);
	struct prepared prepared;

	for (int i = 0; entry != NULL && i < ACCEPTED_MAX / 2; i++, entry = entry->next) {
		if (!entry_decode(pending, entry, &prepared, now))
			continue;
		loader_ready(pending->loader, pending->core->checks, &prepared);
		prepared_free(&prepared);
	}
}

void pending_apply(struct pending *pending, struct moment now)
{
	forget_work(pending, now);
	if (accepted_apply(pending, now))
		arrived_apply(pending, now);
	else if (!loader_complete(pending->loader))
		accepted_prefetch(pending, now);
}

static void applied_accept(
	struct pending *pending, const struct submission *submission, size_t until)
{
	for (size_t i = 0; i < until; i++)
		if (submission->items[i].submitted && submission->items[i].result == ENGINE_APPLIED)
			accepted_put_applied(pending->accepted, &submission->items[i].prepared,
				&submission->watermarks);
}

/* They are kept as accepted ones. */
static void waiting_keep(struct pending *pending)
{
	const struct submission *submission = pending->waiting;
	const struct forget *forget = submission->forget;

	for (size_t i = 0; forget != NULL && i < forget->count; i++)
		accepted_put_applied(
			pending->accepted, &forget->checks[i], &submission->watermarks);
	if (forget == NULL)
		applied_accept(pending, submission, submission->count);
}

static void waiting_accept(struct pending *pending)
{
	waiting_keep(pending);
	submission_answer(&pending->waiting, pending->waiting, SUBMISSION_ACCEPTED);
}

void pending_committed(struct pending *pending, const struct confirmation *confirmation)
{
	struct watermarks done = outbox_done(pending->core->outbox);

	pending->unconfirmed = !confirmation->confirmed;
	while (pending->waiting != NULL &&
		watermarks_reached(&done, &pending->waiting->watermarks)) {
		if (confirmation->keeps || !confirmation->confirmed)
			waiting_keep(pending);
		submission_answer(&pending->waiting, pending->waiting,
			confirmation->confirmed ? SUBMISSION_COMMITTED : SUBMISSION_ACCEPTED);
	}
	/* what one replica has need not be kept at any price */
	bool full = confirmation->confirmed && is_full(pending);
	accepted_committed(pending->accepted, full ? &done : &confirmation->kept_from);
}

static void arrived_accept(struct pending *pending)
{
	struct submission *submission = pending->arrived;

	if (submission->forget != NULL) {
		submission_drop(&pending->arrived, submission, "Redis is away");
		return;
	}
	submission->watermarks = outbox_watermarks(pending->core->outbox);
	applied_accept(pending, submission, submission->applied);
	for (size_t i = submission->applied; i < submission->count; i++) {
		struct item *item = &submission->items[i];

		if (item->submitted)
			item->result = accepted_put(pending->accepted, &item->prepared)
					       ? ENGINE_APPLIED
					       : ENGINE_FULL;
	}
	submission_answer(&pending->arrived, submission, SUBMISSION_ACCEPTED);
}

static bool has_waited(const struct submission *submission, nsec now)
{
	return now - submission->since >= LIMIT_REDIS_WAIT;
}

void pending_accept(struct pending *pending, bool all, const char *refusal, nsec now)
{
	while (pending->waiting != NULL && (all || has_waited(pending->waiting, now)))
		if (refusal != NULL && !pending->waiting->async)
			submission_drop(&pending->waiting, pending->waiting, refusal);
		else
			waiting_accept(pending);
	while (pending->arrived != NULL && (all || has_waited(pending->arrived, now)))
		if (refusal != NULL && !pending->arrived->async)
			submission_drop(&pending->arrived, pending->arrived, refusal);
		else
			arrived_accept(pending);
}

static void list_drop(struct submission **list, const char *why, bool async)
{
	struct submission *submission, *next;

	DL_FOREACH_SAFE(*list, submission, next)
		if (async || !submission->async)
			submission_drop(list, submission, why);
}

/* With or without those that are async. */
static void lists_drop(struct pending *pending, const char *why, bool async)
{
	const struct submission *first = pending->forget;

	list_drop(&pending->waiting, why, async);
	list_drop(&pending->forget, why, async);
	list_drop(&pending->arrived, why, async);
	if (pending->forget != first)
		pending->shard = 0;
}

void pending_drop(struct pending *pending, const char *why)
{
	lists_drop(pending, why, true);
}

void pending_refuse(struct pending *pending, const char *why)
{
	lists_drop(pending, why, false);
}

void pending_reopen(struct pending *pending)
{
	struct submission *submission;

	DL_CONCAT(pending->waiting, pending->forget);
	DL_CONCAT(pending->waiting, pending->arrived);
	pending->arrived = pending->waiting;
	pending->waiting = pending->forget = NULL;
	pending->shard = 0;
	DL_FOREACH(pending->arrived, submission) {
		submission->applied = 0;
		if (submission->forget != NULL)
			forget_reopen(submission->forget);
	}
	accepted_reopen(pending->accepted);
}

nsec pending_deadline(const struct pending *pending)
{
	nsec next = NSEC_NEVER;

	if (pending->forget != NULL)
		return 0;
	if (pending->waiting != NULL)
		next = pending->waiting->since + LIMIT_REDIS_WAIT;
	if (pending->arrived != NULL)
		next = nsec_earlier(next, pending->arrived->since + LIMIT_REDIS_WAIT);
	return next;
}

bool pending_is_empty(const struct pending *pending)
{
	return pending->arrived == NULL && pending->forget == NULL &&
	       accepted_unapplied(pending->accepted) == 0;
}

size_t pending_count(const struct pending *pending)
{
	const struct submission *submission;
	size_t count = accepted_unapplied(pending->accepted);

	DL_FOREACH(pending->arrived, submission)
		for (size_t i = submission->applied; i < submission->count; i++)
			count += submission->items[i].submitted;
	return count;
}
