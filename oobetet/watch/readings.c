/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/readings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A shorter pause between two readings hides no change that does not show elsewhere. */
#define GAP 10 /* this part of max_latency */
#define GAP_LEAST (3 * NSEC_PER_SEC)

void runs_add(struct runs *runs, int value, nsec at, nsec gap)
{
	struct run *last = runs->count > 0 ? &runs->run[runs->count - 1] : NULL;

	if (last != NULL && at < last->until)
		return;
	if (last != NULL && last->value == value && at - last->until <= gap) {
		last->until = at;
		return;
	}
	if (runs->count == RUNS_MAX)
		memmove(runs->run, runs->run + 1, (size_t)--runs->count * sizeof runs->run[0]);
	runs->run[runs->count++] = (struct run){value, at, at};
}

const struct run *runs_last(const struct runs *runs)
{
	return runs->count > 0 ? &runs->run[runs->count - 1] : NULL;
}

nsec runs_covered(const struct runs *runs, nsec until, nsec gap)
{
	nsec since = until;

	for (int i = runs->count - 1; i >= 0; i--) {
		const struct run *run = &runs->run[i];

		if (run->from >= since)
			continue;
		if (since - run->until > gap)
			break;
		since = run->from;
	}
	return since;
}

nsec runs_span(const struct runs *runs, int value, nsec from, nsec until)
{
	nsec sum = 0;

	for (int i = 0; i < runs->count; i++) {
		const struct run *run = &runs->run[i];
		nsec first = run->from > from ? run->from : from;
		nsec last = run->until < until ? run->until : until;

		if (run->value == value && last > first)
			sum += last - first;
	}
	return sum;
}

bool runs_had(const struct runs *runs, int value, nsec from, nsec until)
{
	for (int i = 0; i < runs->count; i++)
		if (runs->run[i].value == value && runs->run[i].from <= until &&
			runs->run[i].until >= from)
			return true;
	return false;
}

void readings_init(struct readings *readings)
{
	memset(readings, 0, sizeof *readings);
	readings->taken = readings->pushed_to = -1;
	readings->queue.length = readings->output.length = -1;
}

static void probe_read(struct readings *readings, enum probe probe, nsec at)
{
	readings->probe[probe].tried = true;
	readings->probe[probe].at = at;
	readings->probe[probe].local = false;
	readings->probe[probe].why[0] = '\0';
}

void readings_none(struct readings *readings, enum probe probe, bool local, const char *why)
{
	readings->probe[probe].tried = true;
	readings->probe[probe].local = local;
	snprintf(readings->probe[probe].why, READING_WHY, "%s", why);
}

nsec readings_gap(nsec max_latency)
{
	return max_latency / GAP > GAP_LEAST ? max_latency / GAP : GAP_LEAST;
}

void readings_port(struct readings *readings, int value, nsec at, nsec gap)
{
	const struct run *last = runs_last(&readings->port);

	if (last != NULL && last->value != value && at >= last->until) {
		readings->port_changed = true;
		if (value == PORT_OPEN) {
			readings->opened_before = readings->opened;
			readings->opened = at - last->until <= gap ? at : 0;
			if (readings->opened != 0 && readings->opened_before != 0)
				readings->period = readings->opened - readings->opened_before;
		}
	}
	runs_add(&readings->port, value, at, gap);
	probe_read(readings, PROBE_FLAPPER, at);
}

static void check_add(struct readings *readings, int value, nsec at, nsec gap)
{
	const struct runs *runs = &readings->check;

	/* of OK and PROBLEM, whatever was between them */
	for (int i = runs->count - 1; value <= CHECK_PROBLEM && i >= 0; i--)
		if (runs->run[i].value <= CHECK_PROBLEM) {
			readings->check_changed |= runs->run[i].value != value;
			break;
		}
	runs_add(&readings->check, value, at, gap);
}

void readings_broker(
	struct readings *readings, const struct broker_reading *reading, nsec at, nsec gap)
{
	probe_read(readings, PROBE_BROKER, at);
	if (reading->silent) {
		runs_add(&readings->broker, BROKER_SILENT, at, gap);
		check_add(readings, CHECK_DOWN, at, gap);
		return;
	}
	runs_add(&readings->broker, reading->healthy ? BROKER_HEALTHY : BROKER_UNHEALTHY, at, gap);
	runs_add(&readings->relayed, reading->redis ? REDIS_ANSWERS : REDIS_SILENT, at, gap);
	check_add(readings, reading->check, at, gap);
	readings->paused = reading->paused;
	if (reading->queue < readings->pushed_to || readings->pushed_to < 0)
		readings->pushed_least = reading->queue;
	readings->pushed_to = reading->queue;
	if (reading->age >= 0)
		readings->submitted = at - reading->age > 0 ? at - reading->age : 1;
}

/* `counted`: something was taken, whatever the list shows. */
static void standing_add(
	struct standing *list, int64_t length, uint64_t oldest, bool counted, nsec at, nsec gap)
{
	const struct run *last = runs_last(&list->runs);

	bool same = list->since != 0 && list->oldest == oldest && !counted;
	bool paused = last == NULL || at - last->until > gap;

	list->length = length;
	if (length == 0)
		list->busy = 0;
	else if (list->busy == 0 || (paused && !same))
		list->busy = list->busy == 0 && !paused ? list->empty : at;
	if (length == 0) {
		runs_add(&list->runs, QUEUE_EMPTY, at, gap);
		list->since = 0;
		list->empty = at;
	} else if (counted || list->since == 0 || list->oldest != oldest) {
		runs_add(&list->runs, QUEUE_MOVES, at, gap);
		list->since = at;
		list->oldest = oldest;
	} else if (last != NULL && at >= last->until) {
		bool begins = last->value != QUEUE_STANDS;

		/* the same item: it stood in a pause as well */
		runs_add(&list->runs, QUEUE_STANDS, at, INT64_MAX);
		if (begins)
			list->runs.run[list->runs.count - 1].from = list->since;
	}
}

void readings_queue(
	struct readings *readings, const struct queue_reading *reading, nsec at, nsec gap)
{
	probe_read(readings, PROBE_REDIS, at);
	runs_add(&readings->redis, reading->silent ? REDIS_SILENT : REDIS_ANSWERS, at, gap);
	if (reading->silent)
		return;
	bool counted = readings->taken >= 0 && reading->taken > readings->taken;
	readings->taken = reading->taken;
	standing_add(&readings->queue, reading->length, reading->oldest, counted, at, gap);
	if (reading->output < 0) {
		readings->output.length = -1;
		return;
	}
	if (strcmp(readings->output_name, reading->output_name) != 0)
		readings->output.since = 0; /* another list is the fullest now */
	snprintf(readings->output_name, READING_NAME, "%s", reading->output_name);
	standing_add(&readings->output, reading->output, reading->output_oldest, false, at, gap);
}

void readings_room(struct readings *readings, int value, const char *why, nsec at, nsec gap)
{
	runs_add(&readings->room, value, at, gap);
	if (value != ROOM_IN)
		snprintf(readings->room_why, READING_WHY, "%s", why);
}

/* ---- for people ---- */

static void run_write(struct buffer *out, const char *name, const struct runs *runs,
	const char *const words[], nsec now)
{
	const struct run *last = runs_last(runs);

	if (last != NULL)
		buffer_printf(out, "%s: %s for %" PRId64 " s, read %" PRId64 " s ago\n", name,
			words[last->value], (last->until - last->from) / NSEC_PER_SEC,
			(now - last->until) / NSEC_PER_SEC);
}

static void standing_write(
	struct buffer *out, const char *name, const struct standing *list, nsec now)
{
	static const char *const words[] = {"empty", "items are taken", "no item is taken"};

	if (list->length < 0)
		return;
	run_write(out, name, &list->runs, words, now);
	buffer_printf(out, "%s length: %" PRId64 "\n", name, list->length);
}

void readings_write(const struct readings *readings, nsec now, struct buffer *out)
{
	static const char *const names[] = {"probe_flapper", "probe_broker", "probe_redis"};
	static const char *const ports[] = {"open", "refused"};
	static const char *const brokers[] = {"healthy", "not healthy", "no answer"};
	static const char *const checks[] = {"ok", "problem", "not known", "no answer"};
	static const char *const redis[] = {"answers", "does not answer"};
	static const char *const rooms[] = {"joined", "joined in part", "not joined"};

	run_write(out, "flapper", &readings->port, ports, now);
	if (readings->period > 0)
		buffer_printf(
			out, "flapper period: %" PRId64 " s\n", readings->period / NSEC_PER_SEC);
	run_write(out, "broker", &readings->broker, brokers, now);
	run_write(out, "check at the broker", &readings->check, checks, now);
	if (readings->submitted > 0)
		buffer_printf(out, "last result at the broker: %" PRId64 " s ago\n",
			(now - readings->submitted) / NSEC_PER_SEC);
	run_write(out, "Redis, says the broker", &readings->relayed, redis, now);
	run_write(out, "Redis", &readings->redis, redis, now);
	standing_write(out, "queue", &readings->queue, now);
	if (readings->paused)
		buffer_append_text(out, "broker repeats: paused\n");
	if (readings->taken >= 0)
		buffer_printf(out, "events counted by Flapjack: %" PRId64 "\n", readings->taken);
	standing_write(out, "notifications", &readings->output, now);
	run_write(out, "room", &readings->room, rooms, now);
	for (int i = 0; i < PROBES; i++)
		if (readings->probe[i].why[0] != '\0')
			buffer_printf(
				out, "%s: no reading: %s\n", names[i], readings->probe[i].why);
}
