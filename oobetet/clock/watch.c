/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/watch.h"

#include "common/memory.h"

#include <stdlib.h>

#define LOUD_FIRST 10 /* repeats for people before the wait between them grows */

/* What was heard of one kind, and is too young to be judged: only the ends matter. */
struct fresh {
	bool any;
	nsec first, last;
};

struct watch {
	struct watch_rules rules;
	nsec seen[KINDS_AWAITED]; /* when each kind was heard last, up to `settled` */
	struct fresh fresh[KINDS_AWAITED];
	nsec settled;      /* what was heard up to here has been judged */
	nsec acknowledged; /* when an acknowledgement was; NSEC_NEVER: never */
	struct incident incident;
	nsec repeat_at; /* the next repeat, once the incident was told */
	int64_t loud;   /* repeats that were for people */
	int64_t quiet;  /* repeats until the next that is */
	bool is_loud;   /* the last repeat was */
	enum { WHOLE, BROKEN, TOLD } state;
};

struct watch *watch_new(const struct watch_rules *rules, nsec now)
{
	struct watch *watch = memory_zeroed(1, sizeof *watch);

	watch->rules = *rules;
	for (int i = 0; i < KINDS_AWAITED; i++)
		watch->seen[i] = now;
	watch->settled = now - WATCH_GRACE;
	watch->acknowledged = NSEC_NEVER;
	return watch;
}

void watch_free(struct watch *watch)
{
	free(watch);
}

/* The awaited kind that was not heard for longest. */
static enum kind kind_missed(const struct watch *watch)
{
	enum kind missed = KIND_NONE;

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		if (watch->rules.awaited[kind] &&
			(missed == KIND_NONE || watch->seen[kind] < watch->seen[missed]))
			missed = kind;
	return missed;
}

/* The last moment at which hearing it is in time. */
static nsec limit(const struct watch *watch)
{
	return watch->seen[kind_missed(watch)] + watch->rules.max_latency;
}

static void watch_break(struct watch *watch)
{
	watch->state = BROKEN;
	watch->incident = (struct incident){.since = limit(watch), .missing = kind_missed(watch)};
}

/* Whoever is missed at `now`, before what was heard then. */
static void silence_judge(struct watch *watch, nsec now)
{
	if (watch->state == WHOLE && now > limit(watch))
		watch_break(watch);
}

static void take(struct watch *watch, enum kind kind, nsec stamp)
{
	silence_judge(watch, stamp);
	if (stamp > watch->seen[kind])
		watch->seen[kind] = stamp;
}

static void keep(struct fresh *fresh, nsec stamp)
{
	if (!fresh->any || stamp < fresh->first)
		fresh->first = stamp;
	if (!fresh->any || stamp > fresh->last)
		fresh->last = stamp;
	fresh->any = true;
}

void watch_hear(struct watch *watch, enum kind kind, nsec stamp)
{
	if (kind == KIND_ACKNOWLEDGEMENT) {
		watch->acknowledged = stamp;
		return;
	}
	if (kind >= KINDS_AWAITED || !watch->rules.awaited[kind])
		return;
	if (stamp <= watch->settled)
		take(watch, kind, stamp);
	else
		keep(&watch->fresh[kind], stamp);
}

/* The kind whose fresh line is the oldest; KIND_NONE: there is none up to `end`. */
static enum kind kind_fresh(const struct watch *watch, nsec end)
{
	enum kind oldest = KIND_NONE;

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		if (watch->fresh[kind].any && watch->fresh[kind].first <= end &&
			(oldest == KIND_NONE ||
				watch->fresh[kind].first < watch->fresh[oldest].first))
			oldest = kind;
	return oldest;
}

/* Takes in what was heard up to `end`, in order, and the silence after it. */
static void settle(struct watch *watch, nsec end)
{
	enum kind kind;

	while ((kind = kind_fresh(watch, end)) != KIND_NONE) {
		struct fresh *fresh = &watch->fresh[kind];

		take(watch, kind, fresh->first);
		fresh->any = fresh->last > fresh->first;
		fresh->first = fresh->last;
	}
	if (end > watch->settled)
		watch->settled = end;
	silence_judge(watch, watch->settled);
}

/* From one repeat for people to the next, in repeats. */
static int64_t loud_wait(const struct watch *watch)
{
	int64_t most = watch->rules.repeat_max / watch->rules.repeat_interval, wait = 1;

	for (int64_t i = LOUD_FIRST; i <= watch->loud && wait < most; i++)
		wait *= 2;
	return wait < most || most == 0 ? wait : most;
}

/* Some repeats are due, of which one is told. */
static void loudness_count(struct watch *watch, int64_t due)
{
	watch->quiet -= due;
	watch->is_loud = watch->quiet <= 0;
	if (!watch->is_loud)
		return;
	watch->loud++;
	watch->quiet = loud_wait(watch);
}

/* The incident goes on. Repeats that were missed are not made up for. */
static enum verdict watch_repeat(struct watch *watch, nsec now)
{
	if (now < watch->repeat_at)
		return WATCH_QUIET;
	nsec missed = (now - watch->repeat_at) / watch->rules.repeat_interval;
	watch->repeat_at += (missed + 1) * watch->rules.repeat_interval;
	loudness_count(watch, missed + 1);
	return WATCH_REPEAT;
}

enum verdict watch_judge(struct watch *watch, nsec now)
{
	settle(watch, now - WATCH_GRACE);
	if (watch->state == WHOLE)
		return WATCH_QUIET;
	if (watch->state == BROKEN) {
		watch->state = TOLD;
		watch->repeat_at = now + watch->rules.repeat_interval;
		watch->loud = 0;
		watch->quiet = 1;
		return WATCH_ALARM;
	}
	if (watch->settled <= limit(watch)) {
		watch->state = WHOLE;
		return WATCH_HEALED;
	}
	return watch_repeat(watch, now);
}

nsec watch_deadline(const struct watch *watch)
{
	enum kind kind = kind_fresh(watch, NSEC_NEVER);
	nsec fresh = kind != KIND_NONE ? watch->fresh[kind].first + WATCH_GRACE : NSEC_NEVER;

	switch (watch->state) {
	case WHOLE:
		return limit(watch) + WATCH_GRACE + 1;
	case BROKEN: /* at once */
		return watch->incident.since;
	default:
		return nsec_earlier(watch->repeat_at, fresh);
	}
}

bool watch_repeat_loud(const struct watch *watch)
{
	return watch->is_loud;
}

const struct incident *watch_incident(const struct watch *watch)
{
	return &watch->incident;
}

nsec watch_acknowledged(const struct watch *watch, nsec now)
{
	return watch->acknowledged == NSEC_NEVER ? NSEC_NEVER : now - watch->acknowledged;
}

void watch_remember(const struct watch *watch, nsec now, struct watch_past *past)
{
	*past = (struct watch_past){.acknowledged = watch_acknowledged(watch, now)};
	for (int i = 0; i < KINDS_AWAITED; i++)
		past->silence[i] =
			now - (watch->fresh[i].any ? watch->fresh[i].last : watch->seen[i]);
	if (watch->state != TOLD)
		return;
	past->open = true;
	past->lasted = now - watch->incident.since;
	past->missing = watch->incident.missing;
	past->repeat_in = watch->repeat_at > now ? watch->repeat_at - now : 0;
	past->loud = watch->loud;
	past->quiet = watch->quiet;
}

void watch_resume(struct watch *watch, const struct watch_past *past, nsec now)
{
	for (int i = 0; i < KINDS_AWAITED; i++)
		watch->seen[i] = now - past->silence[i];
	watch->acknowledged =
		past->acknowledged == NSEC_NEVER ? NSEC_NEVER : now - past->acknowledged;
	if (!past->open)
		return;
	watch->state = TOLD;
	watch->incident = (struct incident){.since = now - past->lasted, .missing = past->missing};
	watch->repeat_at = now + past->repeat_in;
	watch->loud = past->loud;
	/* repeat_interval may have been another then */
	watch->quiet = past->quiet < loud_wait(watch) ? past->quiet : loud_wait(watch);
}
