/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/pending.h"

#include "common/memory.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <utlist.h>

enum { FORGET_SHARDS = 8 }; /* gone through in one go for an entity: a few ms of a large table */

struct pending {
	struct core *core;
	struct loader *loader;
	struct accepted *accepted;
	struct submission *arrived; /* not, or not wholly judged; the oldest first */
	struct submission *forget;  /* whole entities: the first is at work, in `shard` */
	unsigned shard;
	struct submission *waiting; /* for what was judged to be in Redis */
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

/* What was answered 202 and is not among the states yet, a line each, as decode_event() reads it.
 */
static void entry_show(const struct pending *pending, struct submission *submission)
{
	const struct entry *kept;

	for (kept = accepted_next(pending->accepted); kept != NULL; kept = kept->next) {
		buffer_append(submission->look, kept->json, kept->length);
		buffer_append(submission->look, "\n", 1);
	}
	submission->result = SUBMISSION_COMMITTED;
	submission->done(submission);
}

void pending_add(struct pending *pending, struct submission *list, nsec now)
{
	struct submission *submission, *next;

	DL_FOREACH_SAFE(list, submission, next) {
		if (submission->look != NULL) {
			entry_show(pending, submission);
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

/* All that the submission wants is in the outbox. */
static void submission_await(
	struct pending *pending, struct submission **from, struct submission *submission)
{
	submission->watermarks = outbox_watermarks(pending->core->outbox);
	DL_DELETE(*from, submission);
	DL_APPEND(pending->waiting, submission);
}

/* A whole entity is looked for bit by bit, so that nobody waits for that. */
static void forget_begin(struct pending *pending, struct submission *submission, struct moment now)
{
	struct forget *forget = submission->forget;

	if (!loader_complete(pending->loader)) {
		submission_drop(&pending->arrived, submission,
			"the states are still being read from Redis");
	} else if (forget_is_whole(forget)) {
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

/* Whether this check can be judged; if not, its record will be asked for. */
static bool names_known(struct pending *pending, const struct names *names)
{
	if (loader_knows(pending->loader, pending->core->checks, names))
		return true;
	loader_prefetch(pending->loader, names);
	return false;
}

/* The same for all that the ledger looks at. */
static bool prepared_known(struct pending *pending, const struct prepared *prepared)
{
	bool known = names_known(pending, &prepared->names);

	return (prepared->former == NULL || names_known(pending, &prepared->former->names)) &&
	       known;
}

/* False if there is one that has to wait. Those behind it are wanted from the reader as well. */
static bool postings_judge(
	struct pending *pending, struct submission *submission, struct moment now)
{
	bool known = true;

	for (size_t i = submission->applied; i < submission->count; i++) {
		struct item *item = &submission->items[i];

		if (item->submitted)
			known &= prepared_known(pending, &item->prepared);
		if (!known)
			continue;
		if (item->submitted)
			item->result = engine_apply(pending->core->engine, &item->prepared, now);
		submission->applied = i + 1;
	}
	return known;
}

static void arrived_judge(struct pending *pending, struct moment now)
{
	struct submission *submission, *next;
	bool known = true;

	DL_FOREACH_SAFE(pending->arrived, submission, next) {
		if (submission->forget != NULL && !known)
			return;
		if (submission->forget != NULL) {
			forget_begin(pending, submission, now);
			continue;
		}
		if (known)
			known = postings_judge(pending, submission, now);
		else
			for (size_t i = 0; i < submission->count; i++)
				if (submission->items[i].submitted)
					prepared_known(pending, &submission->items[i].prepared);
		if (known)
			submission_await(pending, &pending->arrived, submission);
	}
}

/* What was written by ourselves, that it cannot be read is not to be feared; it would be lost. */
static bool entry_apply(struct pending *pending, const struct entry *kept, struct moment now)
{
	const struct decode_context decode_context = {pending->core->flapjack, 0, now};
	struct prepared prepared;
	struct reason why;

	if (!decode_event(
		    &decode_context, (struct blob){kept->json, kept->length}, &prepared, &why))
		return true;
	bool known = prepared_known(pending, &prepared);
	if (known)
		known = engine_apply(pending->core->engine, &prepared, now) != ENGINE_FULL;
	prepared_free(&prepared);
	return known;
}

enum { ACCEPTED_BITE = 1000 }; /* judged in one go, so that nobody waits for long */

/* False while there is some left. */
static bool accepted_judge(struct pending *pending, struct moment now)
{
	for (int i = 0; accepted_next(pending->accepted) != NULL; i++) {
		if (i == ACCEPTED_BITE ||
			!entry_apply(pending, accepted_next(pending->accepted), now))
			return false;
		struct watermarks watermarks = outbox_watermarks(pending->core->outbox);
		accepted_mark_applied(pending->accepted, &watermarks);
	}
	return true;
}

/* What is behind the first that has to wait is asked for with it. */
static void accepted_want(struct pending *pending, struct moment now)
{
	const struct entry *kept = accepted_next(pending->accepted);
	const struct decode_context decode_context = {pending->core->flapjack, 0, now};
	struct prepared prepared;
	struct reason why;

	for (int i = 0; kept != NULL && i < ACCEPTED_BITE / 2; i++, kept = kept->next) {
		if (!decode_event(&decode_context, (struct blob){kept->json, kept->length},
			    &prepared, &why))
			continue;
		prepared_known(pending, &prepared);
		prepared_free(&prepared);
	}
}

void pending_apply(struct pending *pending, struct moment now)
{
	forget_work(pending, now);
	if (accepted_judge(pending, now))
		arrived_judge(pending, now);
	else if (!loader_complete(pending->loader))
		accepted_want(pending, now);
}

void pending_committed(struct pending *pending)
{
	struct watermarks done = outbox_done(pending->core->outbox);

	while (pending->waiting != NULL && watermarks_reached(&done, &pending->waiting->watermarks))
		submission_answer(&pending->waiting, pending->waiting, SUBMISSION_COMMITTED);
	accepted_committed(pending->accepted, &done);
}

static void applied_keep(struct pending *pending, const struct submission *submission, size_t until)
{
	for (size_t i = 0; i < until; i++)
		if (submission->items[i].submitted && submission->items[i].result == ENGINE_APPLIED)
			accepted_put_applied(pending->accepted, &submission->items[i].prepared,
				&submission->watermarks);
}

static void forgotten_keep(struct pending *pending, const struct submission *submission)
{
	const struct forget *forget = submission->forget;

	for (size_t i = 0; i < forget->count; i++)
		accepted_put_applied(
			pending->accepted, &forget->checks[i], &submission->watermarks);
}

static void waiting_keep(struct pending *pending)
{
	struct submission *submission = pending->waiting;

	if (submission->forget != NULL)
		forgotten_keep(pending, submission);
	else
		applied_keep(pending, submission, submission->count);
	submission_answer(&pending->waiting, submission, SUBMISSION_ACCEPTED);
}

static void arrived_keep(struct pending *pending)
{
	struct submission *submission = pending->arrived;

	if (submission->forget != NULL) {
		submission_drop(&pending->arrived, submission, "Redis is away");
		return;
	}
	submission->watermarks = outbox_watermarks(pending->core->outbox);
	applied_keep(pending, submission, submission->applied);
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
			waiting_keep(pending);
	while (pending->arrived != NULL && (all || has_waited(pending->arrived, now)))
		if (refusal != NULL && !pending->arrived->async)
			submission_drop(&pending->arrived, pending->arrived, refusal);
		else
			arrived_keep(pending);
}

static void list_drop(struct submission **list, const char *why)
{
	while (*list != NULL)
		submission_drop(list, *list, why);
}

static void list_refuse(struct submission **list, const char *why)
{
	struct submission *submission, *next;

	DL_FOREACH_SAFE(*list, submission, next)
		if (!submission->async)
			submission_drop(list, submission, why);
}

void pending_drop(struct pending *pending, const char *why)
{
	list_drop(&pending->waiting, why);
	list_drop(&pending->forget, why);
	list_drop(&pending->arrived, why);
	pending->shard = 0;
}

void pending_refuse(struct pending *pending, const char *why)
{
	const struct submission *first = pending->forget;

	list_refuse(&pending->waiting, why);
	list_refuse(&pending->forget, why);
	list_refuse(&pending->arrived, why);
	if (pending->forget != first)
		pending->shard = 0;
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
