/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/diagnosis.h"

#include "common/utf8_clean.h"
#include "oobetet/watch/links.h"

#include <stdio.h>

/* A change must have arrived after this part of max_latency: checks and delays take time. */
#define TRANSIT 5

/* A shorter pause between two readings hides no change that does not show elsewhere. */
#define GAP 10
#define GAP_LEAST (3 * NSEC_PER_SEC)

#define BACKLOG 3 /* events */
#define MANY 3    /* changes */

nsec diagnosis_gap(nsec max_latency)
{
	return max_latency / GAP > GAP_LEAST ? max_latency / GAP : GAP_LEAST;
}

/* ---- readings over the time without a message ---- */

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

static void change_add(struct change *change, nsec after, nsec by)
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
static struct change changes_of(const struct view *v, const struct runs *runs, int into)
{
	struct change last = {0, 0, 0, 0};
	struct change lasting = {0, 0, 0, 0};
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
	bool trusted, struct change *change)
{
	*change = changes_of(v, runs, into);
	if (change->by != 0)
		return PASSED;
	return trusted && change_missing(v, runs, into) ? NOT_PASSED : PASS_UNKNOWN;
}

/* A heartbeat has no kind: any change will do. */
static enum passed passed_any(const struct view *v, const struct runs *runs, int closed,
	bool trusted, struct change *change)
{
	struct change other;
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

static struct view view_make(const struct evidence *e)
{
	struct view v = {.evidence = e, .readings = e->readings};
	bool heard = e->heard > e->start;

	v.from = heard ? e->heard : e->start;
	v.until = e->now - e->max_latency / TRANSIT;
	v.gap = diagnosis_gap(e->max_latency);
	v.half = e->max_latency / 2;
	v.flapper = passed_any(
		&v, &v.readings->port, PORT_REFUSED, v.readings->port_changed || !heard, &v.port);
	v.broker = passed_any(&v, &v.readings->check, CHECK_PROBLEM,
		v.readings->check_changed || !heard, &v.check);
	v.queue = passed_queue(&v, &v.taken);
	return v;
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
static bool held_up(const struct view *v, const struct runs *runs, int value, struct change change)
{
	const struct run *last = runs_last(runs);

	return change.by != 0 && last != NULL && last->value == value &&
	       last->from <= change.after && v->evidence->now - last->until <= v->gap;
}

bool view_explains(const struct view *v, const struct runs *runs, int value, struct change change)
{
	return view_lasted(v, runs, value) >= v->half || held_up(v, runs, value, change);
}

/* ---- the sentence ---- */

static const char *const keys[] = {"probe_flapper", "probe_broker", "probe_redis"};

/* `: probe_flapper, probe_broker and probe_redis would tell`, of those that are not set. */
static void keys_write(const struct view *v, unsigned probes, struct buffer *out)
{
	const char *before = ": ";
	unsigned left = 0;

	for (int i = 0; i < PROBES; i++)
		if ((probes & (1U << i)) != 0 && v->evidence->address[i] == NULL)
			left |= 1U << i;
	if (left == 0)
		return;
	for (int i = 0; i < PROBES; i++) {
		if ((left & (1U << i)) == 0)
			continue;
		left &= ~(1U << i);
		buffer_printf(out, "%s%s", before, keys[i]);
		before = (left & (left - 1)) == 0 ? " and " : ", ";
	}
	buffer_append_text(out, " would tell");
}

/* `; probe_redis has no reading (WHY)`, of those that are set. */
static void blind_write(const struct view *v, unsigned probes, struct buffer *out)
{
	for (int i = 0; i < PROBES; i++)
		if ((probes & (1U << i)) != 0 && v->evidence->address[i] != NULL &&
			v->evidence->now - v->readings->probe[i].at > v->gap)
			buffer_printf(out, "; %s has no reading (%s)", keys[i],
				v->readings->probe[i].why[0] != '\0' ? v->readings->probe[i].why
								     : "no answer yet");
}

/* A bit for each probe that would tell about one of these links. */
static unsigned probes_of(unsigned links)
{
	unsigned probes = 0;

	for (int i = 0; i < LINKS; i++)
		if ((links & (1U << i)) != 0 && link_rows[i].probe != PROBES)
			probes |= 1U << link_rows[i].probe;
	return probes;
}

static void either_write(unsigned links, struct buffer *out)
{
	int count = __builtin_popcount(links), first = __builtin_ctz(links);
	const char *before = "either ";

	if (count > 3 && (links >> first) == (1U << count) - 1) {
		buffer_printf(out, "either %s or any link after it, up to %s",
			link_rows[first].noun, link_rows[first + count - 1].noun);
		return;
	}
	for (int i = 0; i < LINKS; i++) {
		if ((links & (1U << i)) == 0)
			continue;
		links &= ~(1U << i);
		buffer_printf(out, "%s%s", before, link_rows[i].noun);
		before = (links & (links - 1)) == 0 ? " or " : ", ";
	}
}

/* The links of which nothing is proven. What the broker did not receive was lost before it. */
static unsigned links_unknown(const struct view *v)
{
	unsigned links = 0;
	int end = v->broker == NOT_PASSED ? LINK_BROKER + 1 : LINKS;

	for (int i = 0; i < end; i++)
		if (link_rows[i].judge(v) == LINK_UNKNOWN)
			links |= 1U << i;
	return links;
}

static void broken_say(const struct view *v, int link, struct diagnosis *out)
{
	char room[DIAGNOSIS_TEXT - 100];

	out->links = 1U << link;
	if (link != LINK_ROOM || link_rows[LINK_NETWORK].judge(v) != LINK_UNKNOWN) {
		link_rows[link].say(v, out->text, sizeof out->text);
		return;
	}
	out->links |= 1U << LINK_NETWORK;
	link_rows[LINK_ROOM].say(v, room, sizeof room);
	snprintf(out->text, sizeof out->text,
		"either oobetet's own network, as no probe has been answered for %d s, or the "
		"Jabber server: %s",
		seconds_of(v->evidence->now - probes_read(v)), room);
}

void diagnose(const struct evidence *evidence, struct diagnosis *out)
{
	const struct view v = view_make(evidence);
	struct buffer text = {NULL, 0, 0};

	for (int i = 0; i < LINKS; i++)
		if (link_rows[i].judge(&v) == LINK_BROKEN) {
			broken_say(&v, i, out);
			return;
		}
	out->links = links_unknown(&v);
	if (out->links == 0) {
		snprintf(out->text, sizeof out->text,
			"no link is proven broken: the readings contradict each other");
		return;
	}
	either_write(out->links, &text);
	keys_write(&v, probes_of(out->links), &text);
	blind_write(&v, probes_of(out->links), &text);
	utf8_clean_line(text.data, out->text, sizeof out->text);
	buffer_free(&text);
}
