/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/outbox.h"

#include "common/backoff.h"
#include "common/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct parcel {
	uint64_t id;
	struct notice notice;
};

struct outbox {
	struct outbox_rules rules;
	struct backoff backoff;
	uint32_t chance;       /* state of the jitter's generator; never 0 */
	bool open;             /* the road is there */
	bool under_way;        /* parcels[0] has been taken and not answered */
	bool tried;            /* parcels[0] has been taken at least once */
	nsec next;             /* under way: when to give up; otherwise: when to try (again) */
	char told[NOTICE_KEY]; /* the incident whose alarm was tried last: it needs its OK */
	int count;             /* parcels in use */
	struct parcel parcels[OUTBOX_MAX];
};

struct outbox *outbox_new(const struct outbox_rules *rules)
{
	struct outbox *outbox = memory_zeroed(1, sizeof *outbox);

	outbox->rules = *rules;
	outbox->backoff = (struct backoff){.min = rules->retry_min, .max = rules->retry_max};
	outbox->chance = rules->seed | 1;
	return outbox;
}

void outbox_free(struct outbox *outbox)
{
	free(outbox);
}

/* Marsaglia's xorshift: jitter needs no better. */
static uint32_t chance(struct outbox *outbox)
{
	outbox->chance ^= outbox->chance << 13;
	outbox->chance ^= outbox->chance >> 17;
	outbox->chance ^= outbox->chance << 5;
	return outbox->chance;
}

static void parcel_drop(struct outbox *outbox, int i)
{
	outbox->count--;
	memmove(&outbox->parcels[i], &outbox->parcels[i + 1],
		(size_t)(outbox->count - i) * sizeof outbox->parcels[0]);
	if (i == 0)
		outbox->tried = outbox->under_way = false;
}

/*
 * Nobody has answered for what was under way. On a road of people that does not matter if there is
 * something newer, which has its own time.
 */
static void attempt_end(struct outbox *outbox)
{
	outbox->under_way = false;
	while (outbox->rules.latest_only && outbox->count > 1) {
		parcel_drop(outbox, 0);
		outbox->next = 0;
	}
}

/* On a road of people: whatever is not under way gives way, and does not hold the newest up. */
static void waiting_drop(struct outbox *outbox)
{
	while (outbox->count > (outbox->under_way ? 1 : 0))
		parcel_drop(outbox, outbox->count - 1);
	if (!outbox->under_way)
		outbox->next = 0;
}

/* On a road of incidents: this incident's alarms that were never tried. */
static void untried_drop(struct outbox *outbox, const char *key)
{
	for (int i = outbox->count - 1; i >= (outbox->tried ? 1 : 0); i--)
		if (outbox->parcels[i].notice.kind == NOTICE_ALARM &&
			strcmp(outbox->parcels[i].notice.key, key) == 0)
			parcel_drop(outbox, i);
}

static bool notice_matters(struct outbox *outbox, const struct notice *notice)
{
	if (outbox->rules.latest_only) {
		waiting_drop(outbox);
		return true;
	}
	untried_drop(outbox, notice->key);
	return notice->kind == NOTICE_ALARM || strcmp(outbox->told, notice->key) == 0;
}

void outbox_put(struct outbox *outbox, const struct notice *notice, uint64_t id)
{
	if (!notice_matters(outbox, notice))
		return;
	assert(outbox->count < OUTBOX_MAX);
	outbox->parcels[outbox->count++] = (struct parcel){.id = id, .notice = *notice};
}

void outbox_open(struct outbox *outbox)
{
	outbox->open = true;
	outbox->next = 0;
	backoff_reset(&outbox->backoff);
}

void outbox_close(struct outbox *outbox)
{
	outbox->open = false;
	attempt_end(outbox);
}

/* People would see that it comes sooner than it should: on their road there is no jitter. */
static void attempt_failed(struct outbox *outbox, nsec now)
{
	uint32_t jitter = outbox->rules.latest_only ? 0 : chance(outbox);

	outbox->next = now + backoff_wait(&outbox->backoff, jitter);
	attempt_end(outbox);
}

static void head_try(struct outbox *outbox)
{
	outbox->tried = true;
	if (outbox->parcels[0].notice.kind == NOTICE_ALARM)
		memcpy(outbox->told, outbox->parcels[0].notice.key, NOTICE_KEY);
}

bool outbox_intend(struct outbox *outbox, nsec now)
{
	if (!outbox->open || outbox->count == 0 || outbox->tried || now < outbox->next)
		return false;
	head_try(outbox);
	return true;
}

bool outbox_expire(struct outbox *outbox, nsec now)
{
	if (!outbox->open || !outbox->under_way || now < outbox->next)
		return false;
	attempt_failed(outbox, now);
	return true;
}

const struct notice *outbox_take(struct outbox *outbox, nsec now, uint64_t *id)
{
	if (!outbox->open || outbox->count == 0 || outbox->under_way || now < outbox->next)
		return NULL;
	outbox->under_way = true;
	head_try(outbox);
	outbox->next = now + outbox->rules.answer_limit;
	*id = outbox->parcels[0].id;
	return &outbox->parcels[0].notice;
}

bool outbox_answer(struct outbox *outbox, uint64_t id, enum answer answer, nsec now)
{
	if (outbox->count == 0 || outbox->parcels[0].id != id || !outbox->tried)
		return false;
	if (answer == ANSWER_FAILED) {
		attempt_failed(outbox, now);
		return true;
	}
	parcel_drop(outbox, 0);
	outbox->next = 0;
	backoff_reset(&outbox->backoff);
	return true;
}

nsec outbox_deadline(const struct outbox *outbox)
{
	return outbox->open && outbox->count > 0 ? outbox->next : NSEC_NEVER;
}

int outbox_count(const struct outbox *outbox)
{
	return outbox->count;
}

void outbox_remember(const struct outbox *outbox, struct outbox_past *past)
{
	*past = (struct outbox_past){.tried = outbox->tried, .count = outbox->count};
	memcpy(past->told, outbox->told, NOTICE_KEY);
	for (int i = 0; i < outbox->count; i++)
		past->notices[i] = outbox->parcels[i].notice;
}

void outbox_resume(struct outbox *outbox, const struct outbox_past *past, uint64_t *last_id)
{
	memcpy(outbox->told, past->told, NOTICE_KEY);
	outbox->count = past->count;
	outbox->tried = past->tried && past->count > 0;
	for (int i = 0; i < past->count; i++)
		outbox->parcels[i] = (struct parcel){.id = ++*last_id, .notice = past->notices[i]};
	attempt_end(outbox);
}
