/* SPDX-License-Identifier: MIT */
/*
 * The metrics of metrics_file, for the textfile collector of node_exporter: a table of families,
 * and when they are written.
 */
#include "oobetet/monitor.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "common/prometheus.h"
#include "oobetet/status.h"

#include <inttypes.h>
#include <stdlib.h>

#define INTERVAL (15 * NSEC_PER_SEC) /* between two writes, if nothing changes */
#define CHANGES NSEC_PER_SEC         /* between two writes, if something does */
#define WRITING (30 * NSEC_PER_SEC)  /* no writer is killed before */

/* ---- samples ---- */

struct exposition {
	const struct monitor *monitor;
	const struct timestamps *now;
	struct buffer *out;
	const char *name; /* of the family */
	int measure;      /* of the family */
	struct watch_status status[WATCHES_MAX];
};

#define LABELS PROMETHEUS_LABELS

static void number_write(
	const struct exposition *exposition, const char *const labels[], int64_t number)
{
	prometheus_number(exposition->out, exposition->name, labels, number);
}

static void seconds_write(
	const struct exposition *exposition, const char *const labels[], nsec span)
{
	prometheus_seconds(exposition->out, exposition->name, labels, span);
}

/* The label `watch`: the name of the section, or the watched check of the only watch. */
static const char *watch_label(
	const struct exposition *exposition, int index, char out[NOTIFICATION_KEY])
{
	const struct watch_status *status = &exposition->status[index];

	return status->name != NULL ? status->name
				    : target_name(status->target, out, NOTIFICATION_KEY);
}

/* ---- families ---- */

static void version_write(const struct exposition *exposition)
{
	number_write(exposition, LABELS("version", PACKAGE_VERSION), 1);
}

static void start_write(const struct exposition *exposition)
{
	const struct monitor *monitor = exposition->monitor;

	/* by CLOCK_BOOTTIME: the wall clock may have been set since */
	seconds_write(exposition, NULL,
		exposition->now->wall - (exposition->now->boot - monitor->started));
}

static void silence_write(const struct exposition *exposition)
{
	char name[NOTIFICATION_KEY];

	for (int i = 0; i < exposition->monitor->watches.count; i++)
		for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
			if (exposition->status[i].awaited[kind])
				seconds_write(exposition,
					LABELS("watch", watch_label(exposition, i, name), "kind",
						kind_name(kind)),
					exposition->status[i].silence[kind]);
}

static void max_latency_write(const struct exposition *exposition)
{
	char name[NOTIFICATION_KEY];

	for (int i = 0; i < exposition->monitor->watches.count; i++)
		seconds_write(exposition, LABELS("watch", watch_label(exposition, i, name)),
			exposition->status[i].target->max_latency);
}

/* What is measured of each watch, channel or worker: the first of each is 0. */
enum { WATCH_OPEN, WATCH_INCIDENTS, WATCH_PLANNED };
enum { CHANNEL_DELIVERIES, CHANNEL_FAILURES, CHANNEL_NOT_DELIVERED };
enum { WORKER_ONLINE, WORKER_STARTS };

static void watches_write(const struct exposition *exposition)
{
	char name[NOTIFICATION_KEY];

	for (int i = 0; i < exposition->monitor->watches.count; i++) {
		const struct watch_status *status = &exposition->status[i];
		const int64_t measured[] = {[WATCH_OPEN] = status->open,
			[WATCH_INCIDENTS] = exposition->monitor->watches.each[i]->incidents,
			[WATCH_PLANNED] = status->planned->until != 0};

		number_write(exposition, LABELS("watch", watch_label(exposition, i, name)),
			measured[exposition->measure]);
	}
}

/* Cumulative buckets, as the format wants them. */
static void delays_write(const struct exposition *exposition)
{
	char name[NOTIFICATION_KEY], bound[24];
	const char *family = exposition->name;
	struct exposition part = *exposition;
	char part_name[64];

	for (int i = 0; i < exposition->monitor->watches.count; i++) {
		const struct swings *swings = exposition->status[i].swings;
		const char *watch = watch_label(exposition, i, name);
		uint64_t count = 0;

		if (swings == NULL)
			continue;
		part.name = part_name;
		snprintf(part_name, sizeof part_name, "%s_bucket", family);
		for (int j = 0; j < SWING_BUCKETS; j++) {
			count += swings->bucket[j];
			snprintf(bound, sizeof bound, "%d", swing_bounds[j]);
			number_write(&part, LABELS("watch", watch, "le", bound), (int64_t)count);
		}
		number_write(&part, LABELS("watch", watch, "le", "+Inf"), (int64_t)swings->count);
		snprintf(part_name, sizeof part_name, "%s_sum", family);
		seconds_write(&part, LABELS("watch", watch), swings->sum);
		snprintf(part_name, sizeof part_name, "%s_count", family);
		number_write(&part, LABELS("watch", watch), (int64_t)swings->count);
	}
}

static void channels_write(const struct exposition *exposition)
{
	const struct watches *watches = &exposition->monitor->watches;
	char name[NOTIFICATION_KEY];

	for (int i = 0; i < watches->count; i++)
		for (int j = 0; j < channels_count(watches->each[i]->channels); j++) {
			const struct channel_status status =
				channels_status(watches->each[i]->channels, j);
			const int64_t measured[] = {[CHANNEL_DELIVERIES] = status.deliveries,
				[CHANNEL_FAILURES] = status.failed,
				[CHANNEL_NOT_DELIVERED] = status.pending};

			number_write(exposition,
				LABELS("watch", watch_label(exposition, i, name), "channel",
					status.name),
				measured[exposition->measure]);
		}
}

static void rooms_write(const struct exposition *exposition)
{
	const struct rooms *rooms = exposition->monitor->rooms;

	for (int i = 0; i < rooms_count(rooms); i++)
		number_write(exposition, LABELS("room", rooms_name(rooms, i)),
			rooms_is_joined(rooms, rooms_name(rooms, i)));
}

static void workers_write(const struct exposition *exposition)
{
	const struct workers *workers = &exposition->monitor->workers;
	const struct worker *const all[] = {workers->xmpp, workers->http, workers->probe};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (all[i] == NULL)
			continue;
		const struct worker_status status = worker_status(all[i]);
		const int64_t measured[] = {
			[WORKER_ONLINE] = status.online != 0, [WORKER_STARTS] = status.started};

		number_write(
			exposition, LABELS("worker", status.name), measured[exposition->measure]);
	}
}

static const struct family {
	const char *name, *type, *help;
	void (*write)(const struct exposition *exposition);
	int measure; /* which of those that it can write */
} families[] = {
	{"oobetet_build_info", "gauge", "The version.", version_write, 0},
	{"oobetet_start_time_seconds", "gauge", "When oobetet started, since the epoch.",
		start_write, 0},
	{"oobetet_silence_seconds", "gauge",
		"Time without this awaited kind of message, as counted against max_latency.",
		silence_write, 0},
	{"oobetet_max_latency_seconds", "gauge", "The silence that is an incident.",
		max_latency_write, 0},
	{"oobetet_incident_open", "gauge", "1 while an incident is open, reported or held back.",
		watches_write, WATCH_OPEN},
	{"oobetet_incidents_total", "counter",
		"Incidents that began in this run, those held back included.", watches_write,
		WATCH_INCIDENTS},
	{"oobetet_swing_delay_seconds", "histogram",
		"From a change of the port to its message, with probe_flapper.", delays_write, 0},
	{"oobetet_planned_work", "gauge", "1 during planned work, when alarms are held back.",
		watches_write, WATCH_PLANNED},
	{"oobetet_deliveries_total", "counter", "Notifications that the receiver has.",
		channels_write, CHANNEL_DELIVERIES},
	{"oobetet_delivery_failures_total", "counter",
		"Attempts that failed, were refused or got no answer.", channels_write,
		CHANNEL_FAILURES},
	{"oobetet_notifications_pending", "gauge", "Notifications that are not delivered.",
		channels_write, CHANNEL_NOT_DELIVERED},
	{"oobetet_room_joined", "gauge", "1 while oobetet is in the room.", rooms_write, 0},
	{"oobetet_worker_online", "gauge", "1 while the worker can do its work.", workers_write,
		WORKER_ONLINE},
	{"oobetet_worker_starts_total", "counter", "Processes started; more than one is a restart.",
		workers_write, WORKER_STARTS},
};

static void families_write(
	const struct monitor *monitor, const struct timestamps *now, struct buffer *out)
{
	struct exposition exposition = {.monitor = monitor, .now = now, .out = out};

	for (int i = 0; i < monitor->watches.count; i++)
		exposition.status[i] = watch_status_of(monitor->watches.each[i], now);
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		const struct family *family = &families[i];

		prometheus_family(out, family->name, family->type, family->help);
		exposition.name = family->name;
		exposition.measure = family->measure;
		family->write(&exposition);
	}
}

/* ---- the file ---- */

/* Changes whenever something does that nobody should have to wait for. */
static uint64_t state_sum(const struct monitor *monitor)
{
	uint64_t sum = rooms_changes(monitor->rooms);

	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];

		sum = sum * 31 + (uint64_t)watched->incidents;
		sum = sum * 31 + (uint64_t)watched->ended;
		sum = sum * 31 + (uint64_t)watched->planned.until;
	}
	return sum;
}

nsec metrics_deadline(const struct monitor *monitor)
{
	const struct metrics *metrics = &monitor->metrics;

	if (monitor->config->metrics_file == NULL || monitor->test)
		return NSEC_NEVER;
	if (metrics->writer.pid != 0)
		return writer_deadline(&metrics->writer);
	if (metrics->writer.began == 0)
		return 0;
	return metrics->writer.began + (metrics->sum != state_sum(monitor) ? CHANGES : INTERVAL);
}

void metrics_tick(struct monitor *monitor, const struct timestamps *now)
{
	struct metrics *metrics = &monitor->metrics;
	struct buffer text = {NULL, 0, 0};

	writer_tick(&metrics->writer, now->monotonic);
	if (metrics->writer.pid != 0 || now->monotonic < metrics_deadline(monitor))
		return;
	metrics->writer.what = "metrics_file";
	free(metrics->path);
	metrics->writer.path = metrics->path = memory_copied(monitor->config->metrics_file);
	metrics->writer.mode = 0644;
	metrics->writer.limit = WRITING;
	metrics->sum = state_sum(monitor);
	families_write(monitor, now, &text);
	writer_begin(&metrics->writer, &text, now->monotonic);
	buffer_free(&text);
}
