/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/problems.h"
#include "httpbroker/checks/encode.h"

#include "common/memory.h"
#include "httpbroker/notify/notification.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define HEARD_MAX (INT64_MAX / 4 / NSEC_PER_SEC)

/* ---- what is due: a binary heap ---- */

static void heap_set(struct problems *problems, uint32_t place, struct problem *problem)
{
	problems->heap[place] = problem;
	problem->heap = place + 1;
}

static void heap_up(struct problems *problems, uint32_t place, struct problem *problem)
{
	while (place > 0 && problems->heap[(place - 1) / 2]->due > problem->due) {
		heap_set(problems, place, problems->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	heap_set(problems, place, problem);
}

static void heap_down(struct problems *problems, uint32_t place, struct problem *problem)
{
	uint32_t child;

	while ((child = 2 * place + 1) < problems->scheduled) {
		if (child + 1 < problems->scheduled &&
			problems->heap[child + 1]->due < problems->heap[child]->due)
			child++;
		if (problems->heap[child]->due >= problem->due)
			break;
		heap_set(problems, place, problems->heap[child]);
		place = child;
	}
	heap_set(problems, place, problem);
}

static void heap_remove(struct problems *problems, struct problem *problem)
{
	uint32_t place = problem->heap - 1;

	if (problem->heap == 0)
		return;
	problem->heap = 0;
	struct problem *last = problems->heap[--problems->scheduled];
	if (last == problem)
		return;
	heap_down(problems, place, last);
	heap_up(problems, last->heap - 1, last);
}

void problem_schedule(struct problems *problems, struct problem *problem, nsec due)
{
	heap_remove(problems, problem);
	problem->due = due;
	if (due == NSEC_NEVER)
		return;
	if (problems->scheduled == problems->room) {
		problems->room = problems->room > 0 ? 2 * problems->room : 64;
		problems->heap =
			memory_resized(problems->heap, problems->room * sizeof(struct problem *));
	}
	heap_up(problems, problems->scheduled++, problem);
}

struct problem *problems_due(const struct problems *problems)
{
	return problems->scheduled > 0 ? problems->heap[0] : NULL;
}

/* ---- by name ---- */

/* The key of a check, until the next call. */
static const struct buffer *key_of(struct problems *problems, struct text entity, struct text check)
{
	buffer_clear(&problems->key);
	names_join(&problems->key, entity, check);
	return &problems->key;
}

uint64_t problems_check(struct problems *problems, struct text entity, struct text check)
{
	const struct buffer *key = key_of(problems, entity, check);

	return names_hash(key->data, key->length);
}

struct problem *problems_find(struct problems *problems, struct text entity, struct text check)
{
	const struct buffer *key = key_of(problems, entity, check);
	struct problem *problem;

	HASH_FIND(hh, problems->table, key->data, key->length, problem);
	return problem;
}

struct problem *problems_add(
	struct problems *problems, struct text entity, struct text check, int64_t heard)
{
	const struct buffer *key = key_of(problems, entity, check);
	struct problem *problem = memory_zeroed(1, sizeof *problem + key->length + 1);

	memcpy(problem->names, key->data, key->length);
	problem->state = problem->told = STATE_OK;
	problem->due = NSEC_NEVER;
	problem->heard = heard;
	HASH_ADD_KEYPTR(hh, problems->table, problem->names, key->length, problem);
	DL_APPEND(problems->heard, problem);
	return problem;
}

size_t problems_count(const struct problems *problems)
{
	return HASH_COUNT(problems->table);
}

void problem_summarise(struct problem *problem, struct text summary)
{
	char clean[NOTIFICATION_TEXT];

	if (problem->summary != NULL && strlen(problem->summary) == summary.length &&
		memcmp(problem->summary, summary.bytes, summary.length) == 0)
		return;
	free(problem->summary);
	summary = notification_clean(summary, clean);
	problem->summary = summary.length > 0 ? memory_copied(clean) : NULL;
}

/* ---- by when it was heard ---- */

void problem_hear(struct problems *problems, struct problem *problem, int64_t heard)
{
	problem->heard = heard;
	if (problem->next == NULL)
		return; /* it is the newest */
	DL_DELETE(problems->heard, problem);
	DL_APPEND(problems->heard, problem);
}

static int heard_compare(const struct problem *one, const struct problem *other)
{
	return (one->heard > other->heard) - (one->heard < other->heard);
}

void problems_sort(struct problems *problems)
{
	/* cppcheck-suppress nullPointer ; the macro does nothing to an empty list */
	DL_SORT(problems->heard, heard_compare);
}

/* ---- what has changed ---- */

void problem_change(struct problems *problems, struct problem *problem, struct moment now)
{
	struct buffer record = {NULL, 0, 0};

	problem->heard_written = problem->heard;
	if (problems->states == NULL)
		return;
	problem_encode(problem, now, &record);
	resp_add_words(&problems->changes, RESP_WORDS("4", "HSET", problems->states));
	resp_add(&problems->changes, problem->names, problem->hh.keylen);
	resp_add(&problems->changes, record.data, record.length);
	buffer_free(&record);
}

void problems_rewrite(struct problems *problems, struct moment now)
{
	struct problem *problem;

	resp_free(&problems->changes);
	/* what has ended since may be there again */
	resp_add_words(&problems->changes, RESP_WORDS("2", "DEL", problems->states));
	DL_FOREACH(problems->heard, problem)
		problem_change(problems, problem, now);
}

static void problem_free(struct problems *problems, struct problem *problem)
{
	heap_remove(problems, problem);
	HASH_DEL(problems->table, problem);
	DL_DELETE(problems->heard, problem);
	free(problem->summary);
	free(problem);
}

void problem_end(struct problems *problems, struct problem *problem)
{
	if (problems->states != NULL) {
		resp_add_words(&problems->changes, RESP_WORDS("3", "HDEL", problems->states));
		resp_add(&problems->changes, problem->names, problem->hh.keylen);
	}
	problem_free(problems, problem);
}

void problems_clear(struct problems *problems)
{
	struct problem *problem, *next;

	HASH_ITER(hh, problems->table, problem, next)
		problem_free(problems, problem);
	resp_free(&problems->changes);
}

void problems_free(struct problems *problems)
{
	problems_clear(problems);
	buffer_free(&problems->key);
	free(problems->heap);
}

/* ---- records ---- */

void problem_encode(const struct problem *problem, struct moment now, struct buffer *out)
{
	bool is_due = problem->due != NSEC_NEVER;
	nsec left = is_due ? problem->due - now.monotonic : 0;
	int32_t repeat = problem->repeat_delay;

	jsontext_append(
		out, json_pack("{s:s, s:s, s:I, s:I, s:o*, s:o*, s:o*, s:o*, s:s}", "state",
			     state_name(problem->state), "told", state_name(problem->told), "since",
			     (json_int_t)problem->since, "heard", (json_int_t)problem->heard,
			     "acknowledged", problem->acknowledged ? json_true() : NULL,
			     "repeat_delay", repeat > 0 ? json_integer(repeat) : NULL, "due",
			     is_due ? json_integer((now.wall + left) / NSEC_PER_MSEC) : NULL,
			     "left", is_due ? json_integer(left / NSEC_PER_MSEC) : NULL, "summary",
			     problem->summary != NULL ? problem->summary : ""));
}

/* No longer than when it was written: the clock may have been set back since. */
static nsec due_of(json_int_t due, json_int_t left, struct moment now)
{
	if (due < 0)
		return NSEC_NEVER;
	nsec still = due * NSEC_PER_MSEC - now.wall;
	if (left >= 0 && still / NSEC_PER_MSEC > left)
		still = left * NSEC_PER_MSEC;
	return now.monotonic + still;
}

static bool is_below(json_int_t number, json_int_t end)
{
	return number >= 0 && number < end;
}

static bool value_read(struct problem *problem, struct text value, struct moment now, nsec *due)
{
	json_t *document = json_loadb(value.bytes, value.length, 0, NULL);
	json_int_t since, heard, repeat = 0, due_at = -1, left = -1;
	int acknowledged = 0;
	const char *state, *told;
	enum state state_read, told_read;
	struct text summary;

	bool read = json_unpack(document, "{s:s, s:s, s:I, s:I, s?b, s?I, s?I, s?I, s:s%}", "state",
			    &state, "told", &told, "since", &since, "heard", &heard, "acknowledged",
			    &acknowledged, "repeat_delay", &repeat, "due", &due_at, "left", &left,
			    "summary", &summary.bytes, &summary.length) == 0 &&
		    notification_state(state, &state_read) &&
		    notification_state(told, &told_read) &&
		    is_below(since, EVENT_TIME_IN_MILLISECONDS) && is_below(heard, HEARD_MAX) &&
		    is_below(repeat, INT64_C(1) << 31) &&
		    due_at < INT64_MAX / 2 / NSEC_PER_MSEC; /* now and 68 years */
	if (read) {
		problem->state = (uint8_t)state_read;
		problem->told = (uint8_t)told_read;
		problem->since = since;
		problem->heard = problem->heard_written = heard;
		problem->acknowledged = acknowledged;
		problem->repeat_delay = (int32_t)repeat;
		problem_summarise(problem, summary);
		*due = due_of(due_at, left, now);
	}
	json_decref(document);
	return read;
}

bool problem_decode(struct problems *problems, struct text names, struct text value,
	struct moment now, struct reason *why)
{
	struct text entity, check;
	nsec due;

	if (!names_split(names, &entity, &check))
		return reason_set(why, "its field is no entity and check");
	if (!event_name_check("entity", entity, why) || !event_name_check("check", check, why))
		return false;
	struct problem *problem = problems_find(problems, entity, check);
	if (problem == NULL) /* else HSCAN returns it again */
		problem = problems_add(problems, entity, check, 0);
	if (value_read(problem, value, now, &due)) {
		problem_schedule(problems, problem, due);
		return true;
	}
	problem_free(problems, problem);
	return reason_set(why, "it is not a state of a check");
}
