/* SPDX-License-Identifier: MIT */
/*
 * How a listed check's record goes with a commit, by what Redis did with the events of the last one
 * and by where the check's last event is:
 *
 *   events were         the last event is     its record
 *   accepted            in the queue          is written
 *   accepted            in this commit        is written if the events are (commit->dependent)
 *   accepted            in a later commit     waits for that one
 *   refused, retried    in this commit        is written, and says that its event is held up
 *   refused, retried    in a later commit     waits for that one
 *   refused, held up    not in the queue      is written, and says that its event is held up
 *
 * A check whose record was written while its event was not yet known to be in the queue is
 * `unproven` until it is; then, if the record says otherwise, it is listed again.
 */
#include "httpbroker/delivery/outbox.h"

#include "common/memory.h"
#include "httpbroker/checks/fifo.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
	PUSHES_MAX = 1000, /* of one commit: Redis serves nobody else meanwhile */
	RECORDS_MAX = 1000,
	COMMITS_WAITING_MAX = 1 << 20, /* further ahead means long past */
	BYTES_MAX = 1 << 20, /* of pushes, and of records, in one commit (and one more of them) */
};

enum { PART_RECORDS = COMMIT_FORGETS | COMMIT_RECORDS };

/* Refused records, as they were to be written: they go before any others. */
struct returned {
	struct resp_list forgets, records;
	uint64_t reaches;
};

struct outbox {
	struct commit *waiting; /* a list; the last one is being gathered; never empty */
	struct commit *taken;   /* in flight; NULL: none */
	struct commit *spare;   /* NULL: none */
	struct fifo listed;     /* their record is to be written or deleted */
	struct fifo unproven;   /* their record is written, their event not in the queue yet */
	struct watermarks made, done;
	size_t recorded;         /* checks with a record */
	size_t max;              /* pushes */
	size_t bytes;            /* of pushes in full commits */
	size_t trim;             /* events handed over to trim; 0: none */
	struct watermarks trims; /* not before these are done */
	bool without_records;    /* none are written */
	unsigned refused;        /* parts that are refused */
	unsigned held;           /* of them: not to be tried yet */
	struct returned returned;
};

struct outbox *outbox_new(void)
{
	struct outbox *outbox = memory_zeroed(1, sizeof *outbox);
	struct commit *first = memory_zeroed(1, sizeof *first);

	first->sequence = 1; /* 0 is in a check that was never pushed */
	DL_APPEND(outbox->waiting, first);
	outbox->max = LIMIT_PENDING;
	return outbox;
}

/* A forgotten check is owned, and freed when it is in neither list any more. */
static void deletion_leave(struct check *check)
{
	check->listed = false;
	if (!check->unproven)
		free(check);
}

static void unproven_leave(struct check *check)
{
	check->unproven = false;
	if (check->forgotten && !check->listed)
		free(check);
}

void outbox_free(struct outbox *outbox)
{
	struct commit *commit, *next;
	struct check *check;

	DL_FOREACH_SAFE(outbox->waiting, commit, next)
		commit_free(commit);
	commit_free(outbox->taken);
	commit_free(outbox->spare);
	while ((check = fifo_take(&outbox->listed)) != NULL)
		if (check->forgotten)
			deletion_leave(check);
	while ((check = fifo_take(&outbox->unproven)) != NULL)
		unproven_leave(check);
	fifo_free(&outbox->listed);
	fifo_free(&outbox->unproven);
	resp_free(&outbox->returned.forgets);
	resp_free(&outbox->returned.records);
	free(outbox);
}

void outbox_limit(struct outbox *outbox, size_t max)
{
	outbox->max = max;
}

void outbox_skip_records(struct outbox *outbox)
{
	outbox->without_records = true;
}

static struct commit *commit_gathered(const struct outbox *outbox)
{
	return outbox->waiting->prev; /* utlist's head knows the tail */
}

static struct commit *commit_new(struct outbox *outbox, uint32_t sequence)
{
	struct commit *commit =
		outbox->spare != NULL ? outbox->spare : memory_zeroed(1, sizeof *commit);

	outbox->spare = NULL;
	commit->sequence = sequence;
	return commit;
}

static void commit_begin(struct outbox *outbox, uint32_t sequence)
{
	struct commit *commit = commit_new(outbox, sequence);

	DL_APPEND(outbox->waiting, commit);
}

bool outbox_overflows(const struct outbox *outbox)
{
	return outbox->made.pushes - outbox->done.pushes >= outbox->max ||
	       outbox->bytes + commit_gathered(outbox)->pushes.bytes.length >= LIMIT_PENDING_BYTES;
}

struct resp_list *outbox_push(struct outbox *outbox)
{
	if (outbox_full(outbox)) {
		outbox->bytes += commit_gathered(outbox)->pushes.bytes.length;
		commit_begin(outbox, commit_gathered(outbox)->sequence + 1);
	}
	outbox->made.pushes++;
	return &commit_gathered(outbox)->pushes;
}

uint32_t outbox_sequence(const struct outbox *outbox)
{
	return commit_gathered(outbox)->sequence;
}

bool outbox_full(const struct outbox *outbox)
{
	const struct resp_list *pushes = &commit_gathered(outbox)->pushes;

	return pushes->count >= PUSHES_MAX || pushes->bytes.length >= BYTES_MAX;
}

void outbox_record(struct outbox *outbox, struct check *check)
{
	if (check->listed || outbox->without_records)
		return;
	fifo_append(&outbox->listed, check);
	outbox->made.records++;
	check->listed = true;
}

void outbox_forget(struct outbox *outbox, struct check *check)
{
	if (outbox->without_records) {
		free(check);
		return;
	}
	check->forgotten = true;
	outbox_record(outbox, check);
}

void outbox_mark_recorded(struct outbox *outbox, struct check *check)
{
	outbox->recorded += !check->recorded;
	check->recorded = true;
}

size_t outbox_recorded(const struct outbox *outbox)
{
	return outbox->recorded;
}

void outbox_trim(struct outbox *outbox, size_t count)
{
	outbox->trim = count;
	outbox->trims = outbox->made;
}

bool outbox_is_trimming(const struct outbox *outbox)
{
	return outbox->trim > 0;
}

struct watermarks outbox_watermarks(const struct outbox *outbox)
{
	return outbox->made;
}

struct watermarks outbox_done(const struct outbox *outbox)
{
	return outbox->done;
}

/* The deadline as in a record; not before the clock's beginning. */
static int64_t record_deadline(const struct check *check, nsec clock)
{
	if (check->deadline == NSEC_NEVER)
		return RECORD_NEVER;
	int64_t deadline = (check->deadline + clock) / NSEC_PER_MSEC;
	return deadline > 0 ? deadline : 0;
}

/*
 * Whether the check's last push is in this commit or a later one. The numbers wrap, but no check
 * keeps one for that long: it is pushed again within a day (--interval).
 */
static bool event_waits(const struct check *check, const struct commit *commit)
{
	return check->pushed_in - commit->sequence <= COMMITS_WAITING_MAX;
}

static bool is_refused(const struct outbox *outbox)
{
	return (outbox->refused & COMMIT_PUSHES) != 0;
}

static void record_gather(
	struct outbox *outbox, struct commit *commit, struct check *check, nsec clock)
{
	if (check->forgotten) {
		record_field_write(&commit->forgets, check);
		outbox->recorded -= check->recorded;
		check->recorded = false;
		deletion_leave(check);
		return;
	}
	bool waits = event_waits(check, commit), dependent = waits && !is_refused(outbox);

	record_write(dependent ? &commit->dependent : &commit->records, check,
		(waits && !dependent) || check->unpushed, record_deadline(check, clock));
	if (!dependent)
		outbox_mark_recorded(outbox, check);
	check->listed = false;
	if (waits && !check->unproven)
		fifo_append(&outbox->unproven, check);
	check->unproven |= waits;
}

static void returned_swap(struct outbox *outbox, struct commit *commit)
{
	resp_swap(&outbox->returned.forgets, &commit->forgets);
	resp_swap(&outbox->returned.records, &commit->records);
}

static bool is_returned(const struct outbox *outbox)
{
	return outbox->returned.forgets.count > 0 || outbox->returned.records.count > 0;
}

static void records_gather(struct outbox *outbox, struct commit *commit, nsec clock)
{
	for (int i = 0; i < RECORDS_MAX &&
			commit->records.bytes.length + commit->dependent.bytes.length < BYTES_MAX;
		i++) {
		const struct check *check = fifo_first(&outbox->listed);

		/*
		 * A record is not written before its event: a crash in between would lose that. But
		 * while the queue is refused, states must be remembered.
		 */
		bool may_go = check != NULL && (check->pushed_in == commit->sequence ||
						       !event_waits(check, commit) ||
						       (outbox->held & COMMIT_PUSHES) != 0);
		if (!may_go)
			break;
		record_gather(outbox, commit, fifo_take(&outbox->listed), clock);
	}
}

static bool wake_waits(const struct outbox *outbox)
{
	return (outbox->refused & ~outbox->held & COMMIT_WAKE) != 0;
}

/* The oldest events; if they are held up, a commit without any. */
static struct commit *pushes_take(struct outbox *outbox)
{
	struct commit *commit = outbox->waiting;

	if ((outbox->held & COMMIT_PUSHES) != 0)
		return commit_new(outbox, commit->sequence);
	DL_DELETE(outbox->waiting, commit);
	if (outbox->waiting == NULL)
		commit_begin(outbox, commit->sequence + 1);
	else
		outbox->bytes -= commit->pushes.bytes.length;
	return commit;
}

bool outbox_waits(const struct outbox *outbox)
{
	bool pushes = outbox->waiting->pushes.count > 0 && (outbox->held & COMMIT_PUSHES) == 0;
	bool records = (fifo_first(&outbox->listed) != NULL || is_returned(outbox)) &&
		       (outbox->held & PART_RECORDS) == 0;

	return pushes || records || wake_waits(outbox) ||
	       (outbox->trim > 0 && watermarks_reached(&outbox->done, &outbox->trims));
}

/* Records that were refused before any others; none if they are held up. */
static void records_take(struct outbox *outbox, struct commit *commit, nsec clock)
{
	if ((outbox->held & PART_RECORDS) != 0) {
		commit->reaches.records = outbox->done.records;
	} else if (is_returned(outbox)) {
		returned_swap(outbox, commit);
		commit->reaches.records = outbox->returned.reaches;
	} else {
		records_gather(outbox, commit, clock);
		commit->reaches.records = outbox->made.records - fifo_length(&outbox->listed);
	}
}

struct commit *outbox_take(struct outbox *outbox, nsec clock)
{
	if (!outbox_waits(outbox))
		return NULL;
	struct commit *commit = pushes_take(outbox);
	commit->refused = 0;
	commit->reaches.pushes = outbox->done.pushes + commit->pushes.count;
	records_take(outbox, commit, clock);
	bool reached = watermarks_reached(&commit->reaches, &outbox->trims);
	commit->trim = reached ? outbox->trim : 0;
	commit->todo = commit_parts(commit);
	if ((commit->todo & COMMIT_PUSHES) != 0 || wake_waits(outbox))
		commit->todo |= COMMIT_WAKE & ~outbox->held;
	outbox->taken = commit;
	return commit;
}

/*
 * Writes unproven records again if what they say of the queue has become wrong; they stay listed
 * while the queue is refused.
 */
static void unproven_update(struct outbox *outbox, bool was_refused)
{
	bool refused = is_refused(outbox), wrong = refused != was_refused;

	if (refused && !wrong)
		return;
	for (size_t left = fifo_length(&outbox->unproven); left > 0; left--) {
		struct check *check = fifo_take(&outbox->unproven);

		if (wrong && !check->forgotten)
			outbox_record(outbox, check);
		if (refused) {
			fifo_append(&outbox->unproven, check);
			continue;
		}
		/* the event is in the queue: its record is true */
		if (!check->forgotten)
			outbox_mark_recorded(outbox, check);
		unproven_leave(check);
	}
}

static void records_applied(struct outbox *outbox, struct commit *commit)
{
	if ((commit->refused & PART_RECORDS) != 0) {
		if ((commit->refused & COMMIT_PUSHES) == 0)
			commit_join_dependent(commit);
		returned_swap(outbox, commit);
		outbox->returned.reaches = commit->reaches.records;
	} else {
		outbox->done.records = commit->reaches.records;
	}
	resp_clear(&commit->dependent, 2 * BYTES_MAX);
	resp_clear(&commit->records, 2 * BYTES_MAX);
	resp_clear(&commit->forgets, 2 * BYTES_MAX);
}

/* Refused events go back to the front, to keep the order; their records were not written. */
static void pushes_applied(struct outbox *outbox, struct commit *commit)
{
	if ((commit->refused & COMMIT_PUSHES) != 0) {
		outbox->bytes += commit->pushes.bytes.length;
		DL_PREPEND(outbox->waiting, commit);
		return;
	}
	outbox->done.pushes = commit->reaches.pushes;
	resp_clear(&commit->pushes, 2 * BYTES_MAX);
	commit_free(outbox->spare);
	outbox->spare = commit;
}

void outbox_applied(struct outbox *outbox, struct commit *commit)
{
	bool was_refused = is_refused(outbox);
	unsigned parts = commit_parts(commit) | (commit->sent & COMMIT_WAKE);
	unsigned refused = commit->refused & ~(unsigned)COMMIT_TRIM;

	outbox->refused = (outbox->refused & ~parts) | refused;
	outbox->held = (outbox->held & ~parts) | refused;
	outbox->taken = NULL;
	unproven_update(outbox, was_refused);
	if (commit->trim > 0)
		outbox->trim = 0; /* if it was refused, there is nothing to trim */
	records_applied(outbox, commit);
	pushes_applied(outbox, commit);
}

unsigned outbox_refused(const struct outbox *outbox)
{
	return outbox->refused;
}

void outbox_retry(struct outbox *outbox)
{
	outbox->held = 0;
}

bool outbox_is_empty(const struct outbox *outbox)
{
	return watermarks_reached(&outbox->done, &outbox->made) && outbox->trim == 0;
}
