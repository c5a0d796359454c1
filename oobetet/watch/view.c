/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/view.h"

/* A change must have arrived after this part of max_latency: checks and delays take time. */
#define TRANSIT 5

#define BACKLOG 3 /* events */
#define MANY 3    /* changes */

bool view_complete(const struct view *v, const struct runs *runs)
{
	nsec since = runs_covered(runs, v->evidence->now, v->gap);

	return since <= v->from + v->gap && v->evidence->now - since >= v->half &&
	       v->until - v->from >= v->half;
}

/*
 * A state may end too soon to be noticed by a check, if the flapper broke then. A change between
 * two that lasted is noticed, and one of many.
 */
static bool lasts(const struct view *v, const struct run *run)
{
	nsec span = run->until - run->from;

	return span >= v->gap && span >= v->readings->period * 3 / 8;
}

static void change_add(struct port_change *change, nsec after, nsec by)
{
	change->after = after;
	change->by = by;
	if (change->first_by == 0) {
		change->first_after = after;
		change->first_by = by;
	}
}

/*
 * The first and last change to `into` (0 or 1, from the other one) in this time. Other values
 * between them are times in which nothing could change.
 */
static struct port_change changes_of(const struct view *v, const struct runs *runs, int into)
{
	struct port_change last = {0, 0, 0, 0};
	struct port_change lasting = {0, 0, 0, 0};
	const struct run *before = NULL; /* OK or a problem; open or refused */
	int count = 0;

	for (int i = 0; i < runs->count; i++) {
		const struct run *run = &runs->run[i];

		if (run->value == into && before != NULL && before->value == 1 - into &&
			before->until > v->from && run->from <= v->until) {
			change_add(&last, before->until, run->from);
			if (lasts(v, before) && lasts(v, run))
				change_add(&lasting, before->until, run->from);
			count++;
		}
		if (run->value <= 1)
			before = run;
	}
	return count >= MANY ? last : lasting;
}

/* True if the value was not read in this time but before, or the change to it came another way. */
static bool change_missing(const struct view *v, const struct runs *runs, int into)
{
	for (int i = 0; i < runs->count; i++)
		if (runs->run[i].value == into && runs->run[i].from > v->from &&
			(i == 0 || runs->run[i - 1].until > v->from))
			return false;
	return view_complete(v, runs);
}

/* `trusted`: it has been read to change, or no message has come at all. */
static enum passed passed_through(const struct view *v, const struct runs *runs, int into,
	bool trusted, struct port_change *change)
{
	*change = changes_of(v, runs, into);
	if (change->by != 0)
		return PASSED;
	return trusted && change_missing(v, runs, into) ? NOT_PASSED : PASS_UNKNOWN;
}

/* A heartbeat has no kind: any change will do. */
static enum passed passed_any(const struct view *v, const struct runs *runs, int closed,
	bool trusted, struct port_change *change)
{
	struct port_change other;
	enum passed kind = v->evidence->missing == KIND_RECOVERY
				   ? PASS_UNKNOWN
				   : passed_through(v, runs, closed, trusted, change);

	if (v->evidence->missing == KIND_PROBLEM)
		return kind;
	enum passed back = passed_through(v, runs, 1 - closed, trusted, &other);
	if (v->evidence->missing == KIND_RECOVERY || (back == PASSED && kind != PASSED)) {
		*change = other;
		return back;
	}
	return back == kind ? kind : kind == PASSED ? PASSED : PASS_UNKNOWN;
}

bool view_queue_is_elsewhere(const struct readings *readings)
{
	return readings->queue.length == 0 &&
	       readings->pushed_to - readings->pushed_least >= BACKLOG;
}

/* When the queue was empty first after `since`; NSEC_NEVER: it was not. */
static nsec emptied(const struct runs *runs, nsec since)
{
	for (int i = 0; i < runs->count; i++)
		if (runs->run[i].value == QUEUE_EMPTY && runs->run[i].until > since)
			return runs->run[i].from > since ? runs->run[i].from : since;
	return NSEC_NEVER;
}

/* The change has left the queue: it was empty after the broker, with Redis, had the change. */
static enum passed passed_queue(const struct view *v, nsec *taken)
{
	nsec since = v->check.first_by;

	*taken = emptied(&v->readings->queue.runs, since);
	if (v->broker != PASSED || *taken > v->until ||
		runs_had(&v->readings->relayed, REDIS_SILENT, v->check.first_after, *taken) ||
		!runs_had(&v->readings->broker, BROKER_HEALTHY, since, *taken) ||
		view_queue_is_elsewhere(v->readings))
		return PASS_UNKNOWN;
	return PASSED;
}

nsec view_lasted(const struct view *v, const struct runs *runs, int value)
{
	return runs_span(runs, value, v->from, v->evidence->now);
}

bool view_always(const struct view *v, const struct runs *runs, int value)
{
	if (!view_complete(v, runs))
		return false;
	for (int i = 0; i < runs->count; i++)
		if (runs->run[i].value != value && runs->run[i].until >= v->from)
			return false;
	return true;
}

/* The value has been read since before the change, until now. */
static bool held_up(
	const struct view *v, const struct runs *runs, int value, struct port_change change)
{
	const struct run *last = runs_last(runs);

	return change.by != 0 && last != NULL && last->value == value &&
	       last->from <= change.after && v->evidence->now - last->until <= v->gap;
}

bool view_explains(
	const struct view *v, const struct runs *runs, int value, struct port_change change)
{
	return view_lasted(v, runs, value) >= v->half || held_up(v, runs, value, change);
}

nsec view_probes_read(const struct view *v)
{
	nsec at = 0;

	for (int i = 0; i < PROBES; i++)
		if (v->evidence->address[i] != NULL && v->readings->probe[i].at > at)
			at = v->readings->probe[i].at;
	return at;
}

struct view view_make(const struct evidence *e)
{
	struct view v = {.evidence = e, .readings = e->readings};
	bool heard = e->heard > e->start;

	v.from = heard ? e->heard : e->start;
	v.until = e->now - e->max_latency / TRANSIT;
	v.gap = readings_gap(e->max_latency);
	v.half = e->max_latency / 2;
	v.flapper = passed_any(
		&v, &v.readings->port, PORT_REFUSED, v.readings->port_changed || !heard, &v.port);
	v.broker = passed_any(&v, &v.readings->check, CHECK_PROBLEM,
		v.readings->check_changed || !heard, &v.check);
	v.queue = passed_queue(&v, &v.taken);
	return v;
}
