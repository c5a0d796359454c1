/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/watch.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

#define LOUD_FIRST 10                   /* repeats for people before the wait between them grows */
#define HOLD_LOOK (3600 * NSEC_PER_SEC) /* a hold ends by watch_hold(), not by time */
#define CHANGES_MAX 16                  /* beginnings and ends of incidents not yet reported */

/* Messages of one kind that are too young to be evaluated: only the first and last matter. */
struct fresh {
	bool any;
	nsec first, last;
};

struct change {
	enum verdict verdict; /* WATCH_ALARM or WATCH_ENDED */
	struct incident incident;
};

struct watch {
	struct watch_rules rules;
	nsec seen[KINDS_AWAITED]; /* the last message of each kind, up to `evaluated_to` */
	struct fresh fresh[KINDS_AWAITED];
	nsec evaluated_to;                 /* messages up to here are evaluated */
	nsec acknowledged;                 /* the last acknowledgement; NSEC_NEVER: none */
	bool fault;                        /* see watch_fault() */
	bool open;                         /* there is an incident, reported or not */
	bool hold;                         /* planned work: no alarm, no repeat */
	bool held;                         /* it was not reported because of that */
	struct incident incident;          /* the newest */
	struct change change[CHANGES_MAX]; /* not yet reported, oldest first */
	int changes;
	struct incident reported; /* what the last verdict was about */
	nsec repeat_at;           /* the next repeat, once the incident is reported */
	int64_t loud;             /* repeats sent to people: loud ones */
	int64_t until_loud;       /* repeats until the next loud one */
	bool is_loud;             /* the last repeat was loud */
};

struct watch *watch_new(const struct watch_rules *rules, nsec now)
{
	struct watch *watch = memory_zeroed(1, sizeof *watch);

	watch->rules = *rules;
	for (int i = 0; i < KINDS_AWAITED; i++)
		watch->seen[i] = now;
	watch->evaluated_to = now - WATCH_GRACE;
	watch->acknowledged = NSEC_NEVER;
	return watch;
}

void watch_free(struct watch *watch)
{
	free(watch);
}

/* The awaited kind whose last message is the oldest. */
static enum kind kind_missing(const struct watch *watch)
{
	enum kind missed = KIND_NONE;

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		if (watch->rules.awaited[kind] &&
			(missed == KIND_NONE || watch->seen[kind] < watch->seen[missed]))
			missed = kind;
	return missed;
}

/* The last moment at which a message is in time. */
static nsec limit(const struct watch *watch)
{
	return watch->seen[kind_missing(watch)] + watch->rules.max_latency;
}

/*
 * A room's history of an absence may hold several incidents. If there are too many, those that are
 * already over are left out.
 */
static void change_add(struct watch *watch, enum verdict verdict)
{
	if (verdict == WATCH_ENDED && watch->changes >= CHANGES_MAX - 1) {
		watch->changes--; /* the newest one, which is the beginning of the same incident */
		return;
	}
	watch->change[watch->changes++] = (struct change){verdict, watch->incident};
}

static void incident_begin(struct watch *watch, nsec since)
{
	watch->open = true;
	watch->incident = (struct incident){.since = since, .missing = kind_missing(watch)};
	change_add(watch, WATCH_ALARM);
}

/* Begins an incident if `now`, before the message of that moment, is past the limit. */
static void silence_evaluate(struct watch *watch, nsec now)
{
	if (!watch->open && now > limit(watch))
		incident_begin(watch, limit(watch));
}

/* The last message of any awaited kind. */
static nsec newest(const struct watch *watch)
{
	nsec stamp = INT64_MIN;

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		if (watch->rules.awaited[kind] && watch->seen[kind] > stamp)
			stamp = watch->seen[kind];
	return stamp;
}

/* Ends it if each awaited kind came since it began, and all of them within max_latency. */
static void recovery_evaluate(struct watch *watch)
{
	nsec oldest = watch->seen[kind_missing(watch)];

	if (!watch->open || watch->fault || oldest <= watch->incident.since ||
		newest(watch) > limit(watch))
		return;
	watch->open = false;
	change_add(watch, WATCH_ENDED);
}

static void message_apply(struct watch *watch, enum kind kind, nsec stamp)
{
	silence_evaluate(watch, stamp);
	if (stamp > watch->seen[kind])
		watch->seen[kind] = stamp;
	recovery_evaluate(watch);
}

void watch_fault(struct watch *watch, bool wrong, nsec now)
{
	bool over = watch->fault && !wrong;

	watch->fault = wrong;
	if (wrong && !watch->open)
		incident_begin(watch, now);
	else if (over)
		recovery_evaluate(watch);
}

void watch_receive(struct watch *watch, enum kind kind, nsec stamp)
{
	if (kind == KIND_ACKNOWLEDGEMENT &&
		(watch->acknowledged == NSEC_NEVER || stamp > watch->acknowledged))
		watch->acknowledged = stamp;
	if (kind >= KINDS_AWAITED || !watch->rules.awaited[kind])
		return;
	if (stamp <= watch->evaluated_to) {
		message_apply(watch, kind, stamp);
		return;
	}
	struct fresh *fresh = &watch->fresh[kind];
	if (!fresh->any || stamp < fresh->first)
		fresh->first = stamp;
	if (!fresh->any || stamp > fresh->last)
		fresh->last = stamp;
	fresh->any = true;
}

/* The kind with the oldest fresh message; KIND_NONE: there is none up to `end`. */
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

/* Evaluates the messages up to `end`, in order, and the silence after them. */
static void evaluate_to(struct watch *watch, nsec end)
{
	enum kind kind;

	while ((kind = kind_fresh(watch, end)) != KIND_NONE) {
		struct fresh *fresh = &watch->fresh[kind];

		message_apply(watch, kind, fresh->first);
		fresh->any = fresh->last > fresh->first;
		fresh->first = fresh->last;
	}
	if (end > watch->evaluated_to)
		watch->evaluated_to = end;
	silence_evaluate(watch, watch->evaluated_to);
}

/* From one repeat sent to people to the next, in repeats. */
static int64_t loud_wait(const struct watch *watch)
{
	int64_t max = watch->rules.repeat_max / watch->rules.repeat_interval, wait = 1;

	for (int64_t i = LOUD_FIRST; i <= watch->loud && wait < max; i++)
		wait *= 2;
	return wait < max || max == 0 ? wait : max;
}

/* A message that was heard before the repeat, and not yet evaluated, may end the incident. */
static bool repeat_waits(const struct watch *watch)
{
	return kind_fresh(watch, watch->repeat_at) != KIND_NONE;
}

/* The incident goes on. Missed repeats are not made up for. */
static enum verdict watch_repeat(struct watch *watch, nsec now)
{
	if (now < watch->repeat_at || repeat_waits(watch))
		return WATCH_NOTHING;
	nsec missed = (now - watch->repeat_at) / watch->rules.repeat_interval;
	watch->repeat_at += (missed + 1) * watch->rules.repeat_interval;
	/* several may be due; one is sent */
	watch->until_loud -= missed + 1;
	watch->is_loud = watch->until_loud <= 0;
	if (watch->is_loud) {
		watch->loud++;
		watch->until_loud = loud_wait(watch);
	}
	watch->reported = (struct incident){watch->incident.since, kind_missing(watch)};
	return WATCH_REPEAT;
}

static enum verdict incident_alarm(struct watch *watch, nsec now)
{
	watch->held = false;
	watch->repeat_at = now + watch->rules.repeat_interval;
	watch->loud = 0;
	watch->until_loud = 1;
	return WATCH_ALARM;
}

static enum verdict change_report(struct watch *watch, nsec now)
{
	const struct change change = watch->change[0];
	bool held = watch->held;

	memmove(watch->change, watch->change + 1,
		(size_t)--watch->changes * sizeof watch->change[0]);
	watch->reported = change.incident;
	watch->held = change.verdict == WATCH_ALARM && watch->hold;
	if (change.verdict == WATCH_ENDED)
		return held ? WATCH_SPARED : WATCH_ENDED;
	return watch->hold ? WATCH_HELD : incident_alarm(watch, now);
}

enum verdict watch_evaluate(struct watch *watch, nsec now)
{
	if (watch->changes == 0)
		evaluate_to(watch, now - WATCH_GRACE);
	if (watch->changes > 0)
		return change_report(watch, now);
	if (!watch->open || watch->hold)
		return WATCH_NOTHING;
	if (!watch->held)
		return watch_repeat(watch, now);
	watch->reported = (struct incident){watch->incident.since, kind_missing(watch)};
	return incident_alarm(watch, now);
}

void watch_hold(struct watch *watch, bool hold)
{
	watch->hold = hold;
}

nsec watch_deadline(const struct watch *watch)
{
	enum kind kind = kind_fresh(watch, NSEC_NEVER);
	nsec fresh = kind != KIND_NONE ? watch->fresh[kind].first + WATCH_GRACE : NSEC_NEVER;

	if (watch->changes > 0) /* at once */
		return watch->evaluated_to;
	if (!watch->open)
		return limit(watch) + WATCH_GRACE + 1;
	if (watch->hold)
		return nsec_earlier(fresh, watch->evaluated_to + HOLD_LOOK);
	if (watch->held)
		return nsec_earlier(watch->evaluated_to, fresh);
	return repeat_waits(watch) ? fresh : nsec_earlier(watch->repeat_at, fresh);
}

bool watch_repeat_loud(const struct watch *watch)
{
	return watch->is_loud;
}

const struct incident *watch_incident(const struct watch *watch)
{
	return &watch->reported;
}

/* The last message of a kind, evaluated or not. */
static nsec last_message(const struct watch *watch, enum kind kind)
{
	return watch->fresh[kind].any && watch->fresh[kind].last > watch->seen[kind]
		       ? watch->fresh[kind].last
		       : watch->seen[kind];
}

nsec watch_silence(const struct watch *watch, enum kind kind, nsec now)
{
	return now - last_message(watch, kind);
}

nsec watch_acknowledged(const struct watch *watch, nsec now)
{
	if (watch->acknowledged == NSEC_NEVER)
		return NSEC_NEVER;
	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		if (watch->rules.awaited[kind] && last_message(watch, kind) > watch->acknowledged)
			return NSEC_NEVER;
	return now - watch->acknowledged;
}

/* The incident that was reported, and its end was not; NULL: none. */
static const struct incident *incident_reported(const struct watch *watch)
{
	if (watch->changes > 0)
		return watch->change[0].verdict == WATCH_ENDED ? &watch->change[0].incident : NULL;
	return watch->open ? &watch->incident : NULL;
}

void watch_remember(const struct watch *watch, nsec now, struct watch_saved *past)
{
	const struct incident *incident = incident_reported(watch);

	*past = (struct watch_saved){.acknowledged = watch_acknowledged(watch, now)};
	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		past->silence[kind] =
			watch->rules.awaited[kind] ? now - last_message(watch, kind) : NSEC_NEVER;
	if (incident == NULL)
		return;
	past->open = true;
	past->held = watch->held;
	past->fault = watch->fault;
	past->lasted = now - incident->since;
	past->missing = incident->missing;
	past->repeat_in = watch->repeat_at > now ? watch->repeat_at - now : 0;
	past->loud = watch->loud;
	past->until_loud = watch->until_loud;
}

static void incident_resume(struct watch *watch, const struct watch_saved *past, nsec now)
{
	watch->open = true;
	watch->held = past->held;
	watch->fault = past->fault;
	watch->incident = (struct incident){.since = now - past->lasted, .missing = past->missing};
	watch->reported = watch->incident;
	watch->repeat_at = now + past->repeat_in;
	watch->loud = past->loud;
	/* repeat_interval may have changed */
	watch->until_loud =
		past->until_loud < loud_wait(watch) ? past->until_loud : loud_wait(watch);
}

void watch_resume(struct watch *watch, const struct watch_saved *past, nsec now)
{
	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		if (past->silence[kind] != NSEC_NEVER)
			watch->seen[kind] = now - past->silence[kind];
		else
			watch->seen[kind] = past->open ? now - past->lasted : now;
	watch->acknowledged =
		past->acknowledged == NSEC_NEVER ? NSEC_NEVER : now - past->acknowledged;
	if (past->open)
		incident_resume(watch, past, now);
	recovery_evaluate(watch);
}

/* ---- active time ---- */

#define LOAD (2 * NSEC_PER_SEC)    /* a loaded machine may wake us so late */
#define SKEW (100 * NSEC_PER_MSEC) /* between two clocks read one after the other */

void active_time_begin(struct active_time *active_time, nsec tick, nsec monotonic, nsec boot)
{
	*active_time = (struct active_time){
		.tick = tick, .turned = monotonic, .suspended = boot - monotonic};
}

nsec active_time_turn(struct active_time *active_time, bool continued, nsec monotonic, nsec boot)
{
	nsec expected = active_time->turned + active_time->tick;
	/* since when the process did not run; `monotonic`: it always ran */
	nsec from = monotonic;
	nsec suspended = boot - monotonic - active_time->suspended;

	if (continued)
		from = active_time->turned;
	else if (monotonic > expected + LOAD) /* it must advance even if every turn is late */
		from = expected;
	if (from < monotonic) {
		int place = active_time->count++ % ACTIVE_TIME_GAPS;

		active_time->gaps[place].from = from;
		active_time->gaps[place].until = monotonic;
		active_time->away += monotonic - from;
	}
	active_time->turned = monotonic;
	active_time->suspended = boot - monotonic;
	return monotonic - from + (suspended > SKEW ? suspended : 0);
}

nsec active_time_at(const struct active_time *active_time, nsec monotonic)
{
	int known = active_time->count < ACTIVE_TIME_GAPS ? active_time->count : ACTIVE_TIME_GAPS;
	nsec away = active_time->away;

	for (int i = 0; i < known; i++) {
		if (active_time->gaps[i].from >= monotonic)
			away -= active_time->gaps[i].until - active_time->gaps[i].from;
		else if (active_time->gaps[i].until > monotonic)
			away -= active_time->gaps[i].until - monotonic;
	}
	return monotonic - away;
}
