/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/desk.h"

#include "common/memory.h"
#include "httpbroker/delivery/recall.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <utlist.h>

enum { FORGET_SHARDS = 8 }; /* gone through in one go for an entity: a few ms of a large table */

struct desk {
	struct books *books;
	struct reader *reader;
	struct backlog *backlog;
	struct submission *arrived;    /* not, or not wholly judged; the oldest first */
	struct submission *forgetting; /* whole entities: the first is at work, in `shard` */
	unsigned shard;
	struct submission *waiting; /* for what was judged to be in Redis */
};

struct desk *desk_new(struct books *books, struct reader *reader, struct backlog *backlog)
{
	struct desk *desk = memory_zeroed(1, sizeof *desk);

	desk->books = books;
	desk->reader = reader;
	desk->backlog = backlog;
	return desk;
}

void desk_free(struct desk *desk)
{
	free(desk);
}

/* What was answered 202 and is not among the states yet, a line each, as recall_event() reads it.
 */
static void kept_show(const struct desk *desk, struct submission *submission)
{
	const struct kept *kept;

	for (kept = backlog_next(desk->backlog); kept != NULL; kept = kept->next) {
		buffer_append(submission->look, kept->json, kept->length);
		buffer_append(submission->look, "\n", 1);
	}
	submission->result = SUBMISSION_COMMITTED;
	submission->done(submission);
}

void desk_take(struct desk *desk, struct submission *list, nsec now)
{
	struct submission *submission, *next;

	DL_FOREACH_SAFE(list, submission, next) {
		if (submission->look != NULL) {
			kept_show(desk, submission);
			continue;
		}
		submission->since = now;
		submission->judged = 0;
		DL_APPEND(desk->arrived, submission);
	}
}

static void submission_answer(
	struct submission **list, struct submission *submission, enum submission_result result)
{
	DL_DELETE(*list, submission);
	submission->result = result;
	if (submission->forgetting != NULL)
		forgetting_end(submission->forgetting);
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
	struct desk *desk, struct submission **from, struct submission *submission)
{
	submission->marks = outbox_marks(desk->books->outbox);
	DL_DELETE(*from, submission);
	DL_APPEND(desk->waiting, submission);
}

/* A whole entity is looked for bit by bit, so that nobody waits for that. */
static void forget_begin(struct desk *desk, struct submission *submission, struct moment now)
{
	struct forgetting *forgetting = submission->forgetting;

	if (!reader_complete(desk->reader)) {
		submission_drop(
			&desk->arrived, submission, "the states are still being read from Redis");
	} else if (forgetting_is_whole(forgetting)) {
		DL_DELETE(desk->arrived, submission);
		DL_APPEND(desk->forgetting, submission);
	} else {
		forgetting_check(forgetting, desk->books, now);
		submission_await(desk, &desk->arrived, submission);
	}
}

static void forget_work(struct desk *desk, struct moment now)
{
	struct submission *submission = desk->forgetting;

	for (int i = 0; submission != NULL && i < FORGET_SHARDS; i++)
		forgetting_shard(submission->forgetting, desk->books, desk->shard++, now);
	if (submission == NULL || desk->shard < STATES_SHARDS)
		return;
	desk->shard = 0;
	submission_await(desk, &desk->forgetting, submission);
}

/* Whether this check can be judged; if not, its record will be asked for. */
static bool names_known(struct desk *desk, const struct names *names)
{
	if (reader_knows(desk->reader, desk->books->states, names))
		return true;
	reader_want(desk->reader, names);
	return false;
}

/* The same for all that the ledger looks at. */
static bool posting_known(struct desk *desk, const struct posting *posting)
{
	bool known = names_known(desk, &posting->names);

	return (posting->former == NULL || names_known(desk, &posting->former->names)) && known;
}

/* False if there is one that has to wait. Those behind it are wanted from the reader as well. */
static bool postings_judge(struct desk *desk, struct submission *submission, struct moment now)
{
	bool known = true;

	for (size_t i = submission->judged; i < submission->count; i++) {
		const struct posting *posting = &submission->postings[i];

		known &= posting_known(desk, posting);
		if (!known)
			continue;
		submission->answers[i] = ledger_take(desk->books->ledger, posting, now);
		submission->judged = i + 1;
	}
	return known;
}

static void arrived_judge(struct desk *desk, struct moment now)
{
	struct submission *submission, *next;
	bool known = true;

	DL_FOREACH_SAFE(desk->arrived, submission, next) {
		if (submission->forgetting != NULL && !known)
			return;
		if (submission->forgetting != NULL) {
			forget_begin(desk, submission, now);
			continue;
		}
		if (known)
			known = postings_judge(desk, submission, now);
		else
			for (size_t i = 0; i < submission->count; i++)
				posting_known(desk, &submission->postings[i]);
		if (known)
			submission_await(desk, &desk->arrived, submission);
	}
}

/* What was written by ourselves, that it cannot be read is not to be feared; it would be lost. */
static bool kept_judge(struct desk *desk, const struct kept *kept, struct moment now)
{
	const struct recall recall = {desk->books->flapjack, 0, now};
	struct posting posting;
	struct reason why;

	if (!recall_event(&recall, (struct blob){kept->json, kept->length}, &posting, &why))
		return true;
	bool known = posting_known(desk, &posting);
	if (known)
		known = ledger_take(desk->books->ledger, &posting, now) != LEDGER_FULL;
	posting_free(&posting);
	return known;
}

enum { BACKLOG_BITE = 1000 }; /* judged in one go, so that nobody waits for long */

/* False while there is some left. */
static bool backlog_judge(struct desk *desk, struct moment now)
{
	for (int i = 0; backlog_next(desk->backlog) != NULL; i++) {
		if (i == BACKLOG_BITE || !kept_judge(desk, backlog_next(desk->backlog), now))
			return false;
		struct marks marks = outbox_marks(desk->books->outbox);
		backlog_judged(desk->backlog, &marks);
	}
	return true;
}

/* What is behind the first that has to wait is asked for with it. */
static void backlog_want(struct desk *desk, struct moment now)
{
	const struct kept *kept = backlog_next(desk->backlog);
	const struct recall recall = {desk->books->flapjack, 0, now};
	struct posting posting;
	struct reason why;

	for (int i = 0; kept != NULL && i < BACKLOG_BITE / 2; i++, kept = kept->next) {
		if (!recall_event(&recall, (struct blob){kept->json, kept->length}, &posting, &why))
			continue;
		posting_known(desk, &posting);
		posting_free(&posting);
	}
}

void desk_judge(struct desk *desk, struct moment now)
{
	forget_work(desk, now);
	if (backlog_judge(desk, now))
		arrived_judge(desk, now);
	else if (!reader_complete(desk->reader))
		backlog_want(desk, now);
}

void desk_commit(struct desk *desk)
{
	struct marks done = outbox_done(desk->books->outbox);

	while (desk->waiting != NULL && marks_reached(&done, &desk->waiting->marks))
		submission_answer(&desk->waiting, desk->waiting, SUBMISSION_COMMITTED);
	backlog_done(desk->backlog, &done);
}

static void judged_keep(struct desk *desk, const struct submission *submission, size_t until)
{
	for (size_t i = 0; i < until; i++)
		if (submission->answers[i] == LEDGER_TAKEN)
			backlog_put_judged(
				desk->backlog, &submission->postings[i], &submission->marks);
}

static void forgotten_keep(struct desk *desk, const struct submission *submission)
{
	const struct forgetting *forgetting = submission->forgetting;

	for (size_t i = 0; i < forgetting->count; i++)
		backlog_put_judged(desk->backlog, &forgetting->checks[i], &submission->marks);
}

static void waiting_keep(struct desk *desk)
{
	struct submission *submission = desk->waiting;

	if (submission->forgetting != NULL)
		forgotten_keep(desk, submission);
	else
		judged_keep(desk, submission, submission->count);
	submission_answer(&desk->waiting, submission, SUBMISSION_KEPT);
}

static void arrived_keep(struct desk *desk)
{
	struct submission *submission = desk->arrived;

	if (submission->forgetting != NULL) {
		submission_drop(&desk->arrived, submission, "Redis is away");
		return;
	}
	submission->marks = outbox_marks(desk->books->outbox);
	judged_keep(desk, submission, submission->judged);
	for (size_t i = submission->judged; i < submission->count; i++)
		submission->answers[i] = backlog_put(desk->backlog, &submission->postings[i])
						 ? LEDGER_TAKEN
						 : LEDGER_FULL;
	submission_answer(&desk->arrived, submission, SUBMISSION_KEPT);
}

static bool has_waited(const struct submission *submission, nsec now)
{
	return now - submission->since >= LIMIT_REDIS_WAIT;
}

void desk_keep(struct desk *desk, bool all, const char *refusal, nsec now)
{
	while (desk->waiting != NULL && (all || has_waited(desk->waiting, now)))
		if (refusal != NULL && !desk->waiting->async)
			submission_drop(&desk->waiting, desk->waiting, refusal);
		else
			waiting_keep(desk);
	while (desk->arrived != NULL && (all || has_waited(desk->arrived, now)))
		if (refusal != NULL && !desk->arrived->async)
			submission_drop(&desk->arrived, desk->arrived, refusal);
		else
			arrived_keep(desk);
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

void desk_drop(struct desk *desk, const char *why)
{
	list_drop(&desk->waiting, why);
	list_drop(&desk->forgetting, why);
	list_drop(&desk->arrived, why);
	desk->shard = 0;
}

void desk_refuse(struct desk *desk, const char *why)
{
	const struct submission *first = desk->forgetting;

	list_refuse(&desk->waiting, why);
	list_refuse(&desk->forgetting, why);
	list_refuse(&desk->arrived, why);
	if (desk->forgetting != first)
		desk->shard = 0;
}

void desk_reopen(struct desk *desk)
{
	struct submission *submission;

	DL_CONCAT(desk->waiting, desk->forgetting);
	DL_CONCAT(desk->waiting, desk->arrived);
	desk->arrived = desk->waiting;
	desk->waiting = desk->forgetting = NULL;
	desk->shard = 0;
	DL_FOREACH(desk->arrived, submission) {
		submission->judged = 0;
		if (submission->forgetting != NULL)
			forgetting_reopen(submission->forgetting);
	}
	backlog_reopen(desk->backlog);
}

nsec desk_deadline(const struct desk *desk)
{
	nsec next = NSEC_NEVER;

	if (desk->forgetting != NULL)
		return 0;
	if (desk->waiting != NULL)
		next = desk->waiting->since + LIMIT_REDIS_WAIT;
	if (desk->arrived != NULL)
		next = nsec_earlier(next, desk->arrived->since + LIMIT_REDIS_WAIT);
	return next;
}

bool desk_is_empty(const struct desk *desk)
{
	return desk->arrived == NULL && desk->forgetting == NULL &&
	       backlog_unjudged(desk->backlog) == 0;
}

size_t desk_count(const struct desk *desk)
{
	const struct submission *submission;
	size_t count = backlog_unjudged(desk->backlog);

	DL_FOREACH(desk->arrived, submission)
		count += submission->count - submission->judged;
	return count;
}
