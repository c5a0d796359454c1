/* SPDX-License-Identifier: MIT */
/* What the readings of each link prove, and how that is said: a row a link. */
#include "oobetet/watch/links.h"

#include <inttypes.h>
#include <stdio.h>

int whole_seconds(nsec span)
{
	return (int)(span / NSEC_PER_SEC);
}

/* `for 290 s`, or `for 200 of these 300 s` if it is over. */
static const char *for_text(const struct view *v, const struct runs *runs, int value, char out[60])
{
	const struct run *last = runs_last(runs);
	nsec window = v->evidence->now - v->evidence->heard;

	if (last != NULL && last->value == value)
		snprintf(out, 60, "for %d s", whole_seconds(v->evidence->now - last->from));
	else
		snprintf(out, 60, "for %d of these %d s",
			whole_seconds(view_lasted(v, runs, value)), whole_seconds(window));
	return out;
}

/* `1,204` */
static const char *count_text(int64_t count, char out[40])
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRId64, count), used = 0;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
	return out;
}

static bool room_is_out(const struct view *v)
{
	const struct run *last = runs_last(&v->readings->room);

	return last != NULL && last->value == ROOM_OUT &&
	       v->evidence->now - last->until <= v->gap && last->until - last->from >= v->gap;
}

/*
 * The room was lost, and all probes. If the system said that there is no way out, that is proven;
 * else the peers may have failed together.
 */
static enum judgement network_judge(const struct view *v)
{
	const struct run *out = runs_last(&v->readings->room);
	nsec at = view_probes_read(v);

	if (!room_is_out(v) || at == 0 || at > out->from + v->gap ||
		at < out->from - v->evidence->notice - v->gap)
		return LINK_WORKS;
	for (int i = 0; i < PROBES; i++)
		if (v->evidence->address[i] != NULL && v->readings->probe[i].local &&
			v->evidence->now - at >= v->half)
			return LINK_BROKEN;
	return LINK_UNKNOWN;
}

static void network_say(const struct view *v, char *out, size_t size)
{
	const char *why = "";

	for (int i = 0; i < PROBES; i++)
		if (v->evidence->address[i] != NULL && v->readings->probe[i].local)
			why = v->readings->probe[i].why;
	snprintf(out, size,
		"oobetet's own network: neither the Jabber server nor any probe has answered for "
		"%d s (%s)",
		whole_seconds(v->evidence->now - view_probes_read(v)), why);
}

static enum judgement flapper_judge(const struct view *v)
{
	const struct run *last = runs_last(&v->readings->port);

	if (v->flapper == PASSED || (v->broker == PASSED && v->flapper == PASS_UNKNOWN))
		return LINK_WORKS;
	/* if the broker did receive a change, one of the two readings is wrong */
	if (v->flapper != NOT_PASSED || v->broker == PASSED)
		return LINK_UNKNOWN;
	/* a long period is no fault */
	if (v->evidence->now - last->from < v->readings->period * 3 / 4)
		return LINK_UNKNOWN;
	return LINK_BROKEN;
}

static void flapper_say(const struct view *v, char *out, size_t size)
{
	const struct run *last = runs_last(&v->readings->port);
	const char *address = v->evidence->address[PROBE_FLAPPER];

	if (v->evidence->now - last->from < v->half)
		snprintf(out, size, "flapper at %s did not change for %d of these %d s", address,
			whole_seconds(last->from - v->from),
			whole_seconds(v->evidence->now - v->evidence->heard));
	else if (last->value == PORT_REFUSED)
		snprintf(out, size, "flapper at %s has refused every connection for %d s", address,
			whole_seconds(v->evidence->now - last->from));
	else
		snprintf(out, size, "flapper at %s has been open for %d s and does not close",
			address, whole_seconds(v->evidence->now - last->from));
}

/* The last result is too old, or older than the port's change. */
static bool results_stopped(const struct view *v)
{
	nsec read = v->readings->probe[PROBE_BROKER].at;

	return v->readings->submitted > 0 &&
	       runs_last(&v->readings->check)->value <= CHECK_PROBLEM &&
	       (read - v->readings->submitted >= v->half ||
		       (v->port.by != 0 && v->readings->submitted < v->port.after - NSEC_PER_SEC &&
			       read > v->until));
}

static enum judgement engine_judge(const struct view *v)
{
	if (v->broker == PASSED)
		return LINK_WORKS;
	if (v->evidence->now - v->readings->probe[PROBE_BROKER].at > v->gap ||
		view_lasted(v, &v->readings->broker, BROKER_SILENT) > 0 ||
		runs_had(&v->readings->broker, BROKER_SILENT, v->from, v->evidence->now) ||
		!view_complete(v, &v->readings->broker))
		return LINK_UNKNOWN;
	if (results_stopped(v) || (v->flapper == PASSED && v->broker == NOT_PASSED))
		return LINK_BROKEN;
	return LINK_UNKNOWN;
}

static void engine_say(const struct view *v, char *out, size_t size)
{
	const struct run *last = runs_last(&v->readings->check);
	bool problem = v->evidence->missing == KIND_PROBLEM;

	if (results_stopped(v))
		snprintf(out, size,
			"the last result for %s reached the broker %d s ago: the check engine or its "
			"feeder stands still",
			v->evidence->check,
			whole_seconds(v->evidence->now - v->readings->submitted));
	else if (last->value == CHECK_UNKNOWN)
		snprintf(out, size,
			"no result for %s has reached the broker at %s: the check engine or its "
			"feeder stands still, or the check has another name there",
			v->evidence->check, v->evidence->address[PROBE_BROKER]);
	else
		snprintf(out, size,
			"results for %s reach the broker, but none was %s after the port had %s: "
			"the check engine does not check this port",
			v->evidence->check, problem ? "a problem" : "ok",
			problem ? "closed" : "opened");
}

static enum judgement broker_judge(const struct view *v)
{
	if (view_explains(v, &v->readings->broker, BROKER_SILENT, v->port))
		return LINK_BROKEN;
	if (v->queue == PASSED || view_always(v, &v->readings->broker, BROKER_HEALTHY))
		return LINK_WORKS;
	return LINK_UNKNOWN;
}

static void broker_say(const struct view *v, char *out, size_t size)
{
	char span[60];

	snprintf(out, size, "the broker at %s does not answer (%s)",
		v->evidence->address[PROBE_BROKER],
		for_text(v, &v->readings->broker, BROKER_SILENT, span));
}

/* Its own probe did not see it fail, but did not see it work either: the broker says that it
 * failed. */
static bool redis_is_told_down(const struct view *v)
{
	return view_explains(v, &v->readings->relayed, REDIS_SILENT, v->check) &&
	       view_lasted(v, &v->readings->redis, REDIS_ANSWERS) < v->half &&
	       !view_explains(v, &v->readings->redis, REDIS_SILENT, v->check);
}

/* Both oobetet and the broker can tell; if they contradict each other, nothing is proven. */
static enum judgement redis_judge(const struct view *v)
{
	bool own = v->evidence->address[PROBE_REDIS] != NULL,
	     told = v->evidence->address[PROBE_BROKER] != NULL;

	if (v->queue == PASSED)
		return LINK_WORKS;
	if (redis_is_told_down(v) ||
		(view_explains(v, &v->readings->redis, REDIS_SILENT, v->check) &&
			view_lasted(v, &v->readings->relayed, REDIS_ANSWERS) < v->half))
		return LINK_BROKEN;
	if ((!own || view_always(v, &v->readings->redis, REDIS_ANSWERS)) &&
		(!told || view_always(v, &v->readings->relayed, REDIS_ANSWERS)) && (own || told))
		return LINK_WORKS;
	return LINK_UNKNOWN;
}

static void redis_say(const struct view *v, char *out, size_t size)
{
	char span[60];

	if (redis_is_told_down(v))
		snprintf(out, size, "the broker at %s says that Redis does not answer (%s)",
			v->evidence->address[PROBE_BROKER],
			for_text(v, &v->readings->relayed, REDIS_SILENT, span));
	else
		snprintf(out, size, "Redis at %s does not answer (%s)",
			v->evidence->address[PROBE_REDIS],
			for_text(v, &v->readings->redis, REDIS_SILENT, span));
}

/* An empty queue proves that events are taken only if events are added. */
static bool queue_is_worked(const struct view *v)
{
	const struct runs *runs = &v->readings->queue.runs;

	return view_complete(v, runs) && !runs_had(runs, QUEUE_STANDS, v->from, v->evidence->now) &&
	       v->readings->queue.empty > v->from && !view_queue_is_elsewhere(v->readings) &&
	       !v->readings->paused && view_always(v, &v->readings->broker, BROKER_HEALTHY);
}

static enum judgement processor_judge(const struct view *v)
{
	if (v->queue == PASSED)
		return LINK_WORKS;
	if (view_explains(v, &v->readings->queue.runs, QUEUE_STANDS, v->check))
		return LINK_BROKEN;
	return queue_is_worked(v) ? LINK_WORKS : LINK_UNKNOWN;
}

static void processor_say(const struct view *v, char *out, size_t size)
{
	char span[60], count[40];

	bool one = v->readings->queue.length == 1;

	snprintf(out, size, "%s event%s in '%s' and none is taken (%s)%s",
		count_text(v->readings->queue.length, count), one ? " waits" : "s wait",
		v->evidence->queue, for_text(v, &v->readings->queue.runs, QUEUE_STANDS, span),
		v->readings->paused ? "; the broker has paused its repeats" : "");
}

/* While the room is out of reach nothing can be delivered. */
static bool output_stands(const struct view *v)
{
	const struct run *last = runs_last(&v->readings->output.runs);

	return v->readings->output.length > 0 &&
	       view_explains(v, &v->readings->output.runs, QUEUE_STANDS, v->check) &&
	       !runs_had(&v->readings->room, ROOM_OUT, last->from, v->evidence->now) &&
	       last->from + v->gap <= v->evidence->now - v->evidence->notice;
}

static enum judgement room_judge(const struct view *v);

/* Nothing proves that it works; if all others do, it does not. */
static enum judgement alerter_judge(const struct view *v)
{
	if (output_stands(v) ||
		(flapper_judge(v) == LINK_WORKS && engine_judge(v) == LINK_WORKS &&
			broker_judge(v) == LINK_WORKS && redis_judge(v) == LINK_WORKS &&
			processor_judge(v) == LINK_WORKS && room_judge(v) == LINK_WORKS))
		return LINK_BROKEN;
	return LINK_UNKNOWN;
}

static void alerter_say(const struct view *v, char *out, size_t size)
{
	char span[60], count[40];

	if (output_stands(v))
		snprintf(out, size, "%s notification%s in '%s' and none is delivered (%s)",
			count_text(v->readings->output.length, count),
			v->readings->output.length == 1 ? " waits" : "s wait",
			v->readings->output_name,
			for_text(v, &v->readings->output.runs, QUEUE_STANDS, span));
	else
		snprintf(out, size, "events are taken, but nothing reaches the room");
}

/* It was left when this change should have arrived: all that is known is when that was noticed. */
static bool room_missed(const struct view *v, struct port_change change)
{
	const struct runs *runs = &v->readings->room;
	nsec end = change.by + v->evidence->now - v->until;

	for (int i = 0; change.by != 0 && i < runs->count; i++)
		if (runs->run[i].value == ROOM_OUT && runs->run[i].from <= change.after &&
			runs->run[i].until + v->gap >= end)
			return true;
	return false;
}

/* Joining the room created it, in this time. */
static bool is_created(const struct view *v)
{
	return v->readings->created != 0 && v->readings->created >= v->from;
}

/* When the message of the first change must have arrived. */
static nsec due(const struct view *v)
{
	nsec delay = v->evidence->now - v->until;

	if (v->queue == PASSED)
		return v->taken + delay;
	if (v->check.by != 0)
		return v->check.first_by + delay;
	return v->port.by != 0 ? v->port.first_by + delay : v->from + v->half;
}

static enum judgement room_judge(const struct view *v)
{
	nsec created = v->readings->created;

	if (view_lasted(v, &v->readings->room, ROOM_OUT) >= v->half || room_missed(v, v->port) ||
		room_missed(v, v->check))
		return LINK_BROKEN;
	/* whoever sent alerts was in the room that is gone */
	if (is_created(v) && v->readings->alone &&
		(v->evidence->now - created >= v->half || created < v->port.after ||
			created < v->check.after))
		return LINK_BROKEN;
	/* if it is left but not noticed, that is too recent to be the cause */
	bool noticed = v->evidence->now - v->evidence->notice >= due(v);

	if (view_always(v, &v->readings->room, ROOM_IN) && !is_created(v) && noticed)
		return LINK_WORKS;
	return LINK_UNKNOWN;
}

static void room_say(const struct view *v, char *out, size_t size)
{
	nsec span = view_lasted(v, &v->readings->room, ROOM_OUT);
	const char *out_of = v->readings->program ? "listen_command was not heard"
						  : "oobetet was out of the room";

	if (span < v->gap && is_created(v))
		snprintf(out, size,
			"the room did not exist %d s ago, so oobetet created it: the sender of "
			"alerts is not in it",
			whole_seconds(v->evidence->now - v->readings->created));
	else if (room_is_out(v)) /* the alarm has the reason */
		snprintf(out, size, "%s for %d of these %d s", out_of, whole_seconds(span),
			whole_seconds(v->evidence->now - v->evidence->heard));
	else
		snprintf(out, size, "%s for %d of these %d s (%s)", out_of, whole_seconds(span),
			whole_seconds(v->evidence->now - v->evidence->heard),
			v->readings->room_why);
}

const struct link_row link_rows[LINKS] = {
	[LINK_NETWORK] = {"oobetet's own network", PROBES, network_judge, network_say},
	[LINK_FLAPPER] = {"flapper", PROBE_FLAPPER, flapper_judge, flapper_say},
	[LINK_ENGINE] = {"the check engine or its feeder", PROBE_BROKER, engine_judge, engine_say},
	[LINK_BROKER] = {"the broker", PROBE_BROKER, broker_judge, broker_say},
	[LINK_REDIS] = {"Redis", PROBE_REDIS, redis_judge, redis_say},
	[LINK_PROCESSOR] = {"the event processor", PROBE_REDIS, processor_judge, processor_say},
	[LINK_ALERTER] = {"what sends to the room", PROBES, alerter_judge, alerter_say},
	[LINK_ROOM] = {"oobetet's presence in the room", PROBES, room_judge, room_say},
};
