/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/outbox.h"

#include "common/memory.h"
#include "httpbroker/delivery/record.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
	PUSHES_MOST = 1000, /* of one commit: Redis serves nobody else meanwhile */
	RECORDS_MOST = 1000,
	BYTES_MOST = 1 << 20, /* of pushes, and of records, in one commit (and one more of them) */
};

struct outbox {
	struct commit *waiting; /* a list; the last one is being gathered; never empty */
	struct commit *taken;   /* and not yet applied; NULL: none */
	struct commit *spare;   /* NULL: none */
	struct state **listed;  /* whose record is to be written or deleted, from `first` on */
	size_t first, end, capacity;
	struct marks made, done;
};

struct outbox *outbox_new(void)
{
	struct outbox *outbox = memory_zeroed(1, sizeof *outbox);
	struct commit *first = memory_zeroed(1, sizeof *first);

	DL_APPEND(outbox->waiting, first);
	return outbox;
}

static void commit_free(struct commit *commit)
{
	if (commit == NULL)
		return;
	resp_free(&commit->pushes);
	resp_free(&commit->records);
	resp_free(&commit->forgets);
	free(commit);
}

void outbox_free(struct outbox *outbox)
{
	struct commit *commit, *next;

	DL_FOREACH_SAFE(outbox->waiting, commit, next)
		commit_free(commit);
	commit_free(outbox->taken);
	commit_free(outbox->spare);
	for (size_t i = outbox->first; i < outbox->end; i++)
		if (outbox->listed[i]->forgotten)
			free(outbox->listed[i]);
	free(outbox->listed);
	free(outbox);
}

static struct commit *commit_gathered(const struct outbox *outbox)
{
	return outbox->waiting->prev; /* utlist's head knows the tail */
}

static void commit_begin(struct outbox *outbox)
{
	struct commit *commit = outbox->spare;

	if (commit == NULL)
		commit = memory_zeroed(1, sizeof *commit);
	outbox->spare = NULL;
	DL_APPEND(outbox->waiting, commit);
}

struct resp_list *outbox_push(struct outbox *outbox)
{
	if (outbox_full(outbox))
		commit_begin(outbox);
	outbox->made.pushes++;
	return &commit_gathered(outbox)->pushes;
}

bool outbox_full(const struct outbox *outbox)
{
	const struct resp_list *pushes = &commit_gathered(outbox)->pushes;

	return pushes->count >= PUSHES_MOST || pushes->bytes.length >= BYTES_MOST;
}

/* The room that taken states have left at the front is used before there is made more. */
static void listed_make_room(struct outbox *outbox)
{
	size_t count = outbox->end - outbox->first;

	if (outbox->first > 0 && outbox->first >= outbox->capacity / 2) {
		memmove(outbox->listed, outbox->listed + outbox->first,
			count * sizeof outbox->listed[0]);
		outbox->first = 0;
		outbox->end = count;
		return;
	}
	outbox->capacity = outbox->capacity == 0 ? RECORDS_MOST : 2 * outbox->capacity;
	outbox->listed =
		memory_resized(outbox->listed, outbox->capacity * sizeof outbox->listed[0]);
}

void outbox_record(struct outbox *outbox, struct state *state)
{
	if (state->listed)
		return;
	if (outbox->end == outbox->capacity)
		listed_make_room(outbox);
	outbox->listed[outbox->end++] = state;
	outbox->made.records++;
	state->listed = true;
}

void outbox_forget(struct outbox *outbox, struct state *state)
{
	state->forgotten = true;
	outbox_record(outbox, state);
}

struct marks outbox_marks(const struct outbox *outbox)
{
	return outbox->made;
}

struct marks outbox_done(const struct outbox *outbox)
{
	return outbox->done;
}

/* The deadline as a record holds it: what lies before the clock's beginning is its beginning. */
static int64_t record_deadline(const struct state *state, nsec clock)
{
	if (state->deadline == NSEC_NEVER)
		return RECORD_NEVER;
	int64_t deadline = (state->deadline + clock) / NSEC_PER_MSEC;
	return deadline > 0 ? deadline : 0;
}

static void record_gather(struct commit *commit, struct state *state, nsec clock)
{
	if (state->forgotten) {
		record_field_write(&commit->forgets, state);
		free(state);
		return;
	}
	record_write(&commit->records, state, record_deadline(state, clock));
	state->listed = false;
}

static void records_gather(struct outbox *outbox, struct commit *commit, nsec clock)
{
	for (int i = 0; i < RECORDS_MOST && commit->records.bytes.length < BYTES_MOST; i++) {
		if (outbox->first == outbox->end)
			break;
		record_gather(commit, outbox->listed[outbox->first++], clock);
	}
	if (outbox->first == outbox->end)
		outbox->first = outbox->end = 0;
}

struct commit *outbox_take(struct outbox *outbox, nsec clock)
{
	struct commit *commit = outbox->waiting;

	if (commit->pushes.count == 0 && outbox->first == outbox->end)
		return NULL;
	records_gather(outbox, commit, clock);
	DL_DELETE(outbox->waiting, commit);
	if (outbox->waiting == NULL)
		commit_begin(outbox);
	commit->reaches.pushes = outbox->done.pushes + commit->pushes.count;
	commit->reaches.records = outbox->made.records - (outbox->end - outbox->first);
	commit->todo = (commit->forgets.count > 0 ? COMMIT_FORGETS : 0u) |
		       (commit->records.count > 0 ? COMMIT_RECORDS : 0u) |
		       (commit->pushes.count > 0 ? COMMIT_PUSHES | COMMIT_WAKE : 0u);
	outbox->taken = commit;
	return commit;
}

void outbox_applied(struct outbox *outbox, struct commit *commit)
{
	outbox->done = commit->reaches;
	resp_clear(&commit->pushes, 2 * BYTES_MOST);
	resp_clear(&commit->records, 2 * BYTES_MOST);
	resp_clear(&commit->forgets, 2 * BYTES_MOST);
	commit_free(outbox->spare);
	outbox->spare = commit;
	outbox->taken = NULL;
}
