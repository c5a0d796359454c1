/* SPDX-License-Identifier: MIT */
/*
 * SIGHUP: the configuration is read again (config/loader.h) and takes the place of the one before.
 * A watch with the same values keeps its object; one of the same check, changed or renamed, takes
 * over what is known; the others end, or begin. A worker is restarted if its part has changed.
 */
#include "oobetet/monitor.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/ready.h"
#include "common/signals.h"
#include "oobetet/status.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDING (300 * NSEC_PER_SEC) /* how long the last notifications of a removed watch wait */

/* ---- which watch is which ---- */

enum { DIFFERENT_CHECK, SAME_CHECK, SAME_CHECK_AND_NAME, SAME_OBJECT };

static int likeness(const struct watch_config *a, const struct watch_config *b)
{
	if (a == b)
		return SAME_OBJECT;
	if (!same_text(a->watched_check, b->watched_check) ||
		!same_text(a->watched_entity, b->watched_entity))
		return DIFFERENT_CHECK;
	return same_text(a->name, b->name) ? SAME_CHECK_AND_NAME : SAME_CHECK;
}

/*
 * Takes from `before` the watches that go on: predecessors[i] is what the i-th configured watch was
 * until now; NULL: that is new. The most alike are found first.
 */
static void predecessors_find(
	const struct config *config, struct watches *before, struct watched *predecessors[])
{
	for (int least = SAME_OBJECT; least > DIFFERENT_CHECK; least--)
		for (int i = 0; i < config->watch_count; i++)
			for (int j = 0; j < before->count && predecessors[i] == NULL; j++) {
				if (before->each[j] == NULL ||
					likeness(config->watch[i], before->each[j]->config) < least)
					continue;
				predecessors[i] = before->each[j];
				before->each[j] = NULL;
			}
}

/* ---- the watches ---- */

/* Who tells the end of the incident of a removed watch; besides, its command does. */
#define TOLD_BY (CONFIG_XMPP | CONFIG_HTTP)

/* It is given up; these workers had, or should have had it. */
static void ending_log(const struct watched *watched, unsigned workers, const char *why)
{
	if (workers == CONFIG_HTTP)
		log_warning("%sthe incident could not be resolved at the PagerDuty service that "
			    "was configured before, %s; resolve it there: %s",
			watched->config->label, why, watched->outage.key);
	else
		log_warning("%sno longer configured; notifications not delivered: %d, %s; the key "
			    "of its incident: %s",
			watched->config->label, channels_pending(watched->channels), why,
			watched->outage.key);
}

struct counts {
	int same, changed, added, removed;
};

/* What is still to be delivered of watches that are no longer configured, or not so. */
struct endings {
	struct monitor *monitor;
	struct config *from; /* the configuration before */
	int count;
	struct watched *each[WATCHES_MAX];
};

/* It stays, with its configuration, until all is delivered; only these workers need it. */
static void ending_add(struct endings *endings, struct watched *watched, unsigned workers)
{
	const struct watch_config *config = watched->config;

	if (endings->from == NULL ||
		config_move(endings->monitor->config, endings->from, config, workers)) {
		endings->each[endings->count++] = watched;
		return;
	}
	ending_log(watched, workers, "there are too many watches");
	watched_free(watched);
}

/* Those that are left in `before` are no longer configured, or are ending. */
static void watches_remove(
	struct endings *endings, struct watches *before, const struct timestamps *now)
{
	char name[NOTIFICATION_KEY];

	for (int i = 0; i < before->count; i++) {
		struct watched *watched = before->each[i];

		if (watched == NULL)
			continue;
		log_info("%s%s is no longer watched", watched->config->label,
			target_name(&watched->target, name, sizeof name));
		watched->ends_by = now->monotonic + ENDING;
		if (incident_remove(watched, now))
			ending_add(endings, watched, TOLD_BY);
		else
			watched_free(watched);
	}
}

/* Those that were ending before. */
static void endings_keep(struct endings *endings, const struct watches *before, unsigned workers)
{
	for (int i = before->count; i < before->count + before->ending; i++)
		if (before->each[i]->config->workers == workers)
			ending_add(endings, before->each[i], workers);
}

/* The incidents that are open at another PagerDuty service than the one of now. */
static void services_leave(struct endings *endings, struct watched *const predecessors[],
	uint64_t seed, const struct timestamps *now)
{
	const struct monitor *monitor = endings->monitor;
	int count = monitor->config->watch_count - endings->count;

	for (int i = 0; i < count; i++) {
		struct watched *predecessor = predecessors[i];

		if (predecessor == NULL ||
			same_service(predecessor->config, monitor->config->watch[i]))
			continue;
		struct watched *left = incident_resolve_there(
			predecessor, &monitor->timing, seed + (uint64_t)(WATCHES_MAX + i), now);
		if (left == NULL)
			continue;
		log_info("%sPagerDuty's service has changed: the incident is resolved at the one "
			 "before: %s",
			predecessor->config->label, left->outage.key);
		left->ends_by = now->monotonic + ENDING;
		ending_add(endings, left, CONFIG_HTTP);
	}
}

/* A watch of the new configuration, with what is known of it. */
static struct watched *watch_follow(struct monitor *monitor, int index, uint64_t seed,
	struct watched *before, const struct timestamps *now)
{
	struct watched *watched = watched_new(monitor->config->watch[index], monitor->host,
		&monitor->timing, seed + (uint64_t)index, now->active_time);

	if (before != NULL)
		watched_carry(watched, before, now->active_time);
	for (int i = 0; i < rooms_count(monitor->rooms); i++)
		if (worker_takes(monitor->workers.xmpp) &&
			rooms_is_joined(monitor->rooms, rooms_name(monitor->rooms, i)))
			channels_open(
				watched->channels, CHANNEL_ROOM, rooms_name(monitor->rooms, i));
	if (worker_takes(monitor->workers.http))
		channels_open(watched->channels, CHANNEL_PAGERDUTY, NULL);
	if (before != NULL && !same_service(watched->config, before->config))
		incident_open_again(watched, monitor->rooms, now);
	return watched;
}

/* ---- the process ---- */

static void rooms_apply(struct monitor *monitor, nsec now)
{
	struct rooms *before = monitor->rooms;

	monitor->rooms = rooms_new(
		monitor->config, 2 * (monitor->timing.ping + monitor->timing.answer), now);
	rooms_carry(monitor->rooms, before);
	monitor->heartbeat.rooms = monitor->rooms;
	monitor->heartbeat.interval =
		monitor->config->heartbeat_url != NULL ? monitor->config->heartbeat_interval : 0;
}

/* One worker: it ends, begins, or gets its new part. */
static void worker_apply(struct monitor *monitor, struct worker **worker, enum speaker speaker,
	bool needed, bool changed, nsec now)
{
	if (!needed) {
		worker_free(*worker);
		*worker = NULL;
	} else if (*worker == NULL) {
		*worker = worker_new(
			speaker, monitor->selfexec, &monitor->timing, (uint32_t)random_seed());
	} else if (changed) {
		worker_restart(*worker, &monitor->timing, now);
	}
}

static void workers_apply(struct monitor *monitor, nsec now)
{
	uint64_t xmpp = config_part(monitor->config, CONFIG_XMPP);
	uint64_t http = config_part(monitor->config, CONFIG_HTTP);
	uint64_t probe = config_part(monitor->config, CONFIG_PROBE);

	worker_apply(monitor, &monitor->workers.xmpp, SPEAKER_XMPP,
		monitor->config->rooms.count > 0, xmpp != monitor->parts.xmpp, now);
	worker_apply(monitor, &monitor->workers.http, SPEAKER_HTTP, monitor_needs_http(monitor),
		http != monitor->parts.http, now);
	worker_apply(monitor, &monitor->workers.probe, SPEAKER_PROBE,
		probes_are_configured(monitor->config), probe != monitor->parts.probe, now);
	monitor->parts.xmpp = xmpp;
	monitor->parts.http = http;
	monitor->parts.probe = probe;
}

/* The watches of the new configuration. One with the same values and timing stays as it is. */
static void watches_follow(struct monitor *monitor, struct watched *const predecessors[],
	bool same_timing, uint64_t seed, const struct timestamps *now, struct counts *counts)
{
	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *predecessor = predecessors[i], *watched = predecessor;
		bool same = predecessor != NULL && predecessor->config == monitor->config->watch[i];

		counts->same += same ? 1 : 0;
		counts->changed += predecessor != NULL && !same ? 1 : 0;
		counts->added += predecessor == NULL ? 1 : 0;
		if (!same || !same_timing) {
			watched = watch_follow(monitor, i, seed, predecessor, now);
			if (predecessor != NULL)
				watched_free(predecessor);
		}
		watched->fresh = !same;
		monitor->watches.each[i] = watched;
	}
}

/*
 * The monitor has a new configuration, or one that has lost a watch. `from`: where the
 * configuration of removed watches is taken from; NULL: none is removed.
 */
static void config_apply(struct monitor *monitor, struct config *from, const struct timestamps *now,
	struct counts *counts)
{
	struct watches before = monitor->watches;
	struct watched *predecessors[WATCHES_MAX] = {NULL};
	struct endings endings = {.monitor = monitor, .from = from};
	struct timing timing = monitor->timing;
	int count = monitor->config->watch_count - (from == NULL ? before.ending : 0);
	uint64_t seed = random_seed();

	predecessors_find(monitor->config, &before, predecessors);
	/* the http worker alone needs the last ones: see config_move() */
	endings_keep(&endings, &before, TOLD_BY);
	watches_remove(&endings, &before, now);
	endings_keep(&endings, &before, CONFIG_HTTP);
	services_leave(&endings, predecessors, seed, now);
	config_complete(monitor->config);
	monitor->timing = timing_of(monitor->config->max_latency);
	monitor->active_time.tick = monitor->timing.alive;
	bool same_timing = memcmp(&timing, &monitor->timing, sizeof timing) == 0;
	rooms_apply(monitor, now->monotonic);
	workers_apply(monitor, now->monotonic);
	monitor->watches = (struct watches){.count = count, .ending = endings.count};
	watches_follow(monitor, predecessors, same_timing, seed, now, counts);
	memcpy(monitor->watches.each + count, endings.each,
		(size_t)endings.count * sizeof endings.each[0]);
	snapshot_update(&monitor->snapshot, monitor->timing.record);
}

/* ---- SIGHUP ---- */

void reload_apply(struct monitor *monitor, struct config *config, const struct timestamps *now)
{
	struct config *before = monitor->config;
	struct counts counts = {.same = 0};
	int removed = before->watch_count - monitor->watches.ending;

	if (!same_text(before->state_file, config->state_file))
		log_warning("SIGHUP: state_file has changed: restart oobetet to use it");
	if (before->syslog_errors && !config->syslog_errors)
		log_warning("SIGHUP: syslog_errors has changed: restart oobetet to end it");
	config_keep(config, before, monitor->watches.count);
	monitor->config = config;
	config_apply(monitor, before, now, &counts);
	config_free(before);
	announce_start(monitor, "reloaded");
	removed -= counts.same + counts.changed;
	log_info("SIGHUP: the configuration was read again; watches: %d unchanged, %d changed, %d "
		 "new, %d removed",
		counts.same, counts.changed, counts.added, removed);
}

static void refusal_log(const struct reason *why)
{
	log_error("SIGHUP: %s; the configuration stays as it was", why->text);
	ready_notify("READY=1");
}

/* A signal that arrives while it is read is looked at afterwards: the file may have changed. */
static void reading_begin(struct monitor *monitor, nsec now)
{
	char reloading[80];
	struct reason why;

	snprintf(reloading, sizeof reloading, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		clock_monotonic() / 1000);
	ready_notify(reloading);
	if (!loader_begin(&monitor->loader, monitor->source->path, now, &why))
		refusal_log(&why);
}

static void reading_end(
	struct monitor *monitor, struct config *config, const struct timestamps *now)
{
	if (config->enabled) {
		monitor->source->accepted(monitor->source->user, config);
		reload_apply(monitor, config, now);
	} else {
		log_warning("SIGHUP: enabled = no: the configuration stays as it was; restart "
			    "oobetet to disable it");
		config_free(config);
	}
	ready_notify("READY=1");
}

static void reading_tick(struct monitor *monitor, const struct timestamps *now)
{
	struct config *config;
	struct reason why;

	if (loader_reads(&monitor->loader)) {
		if (!loader_step(&monitor->loader, now->monotonic, &config, &why))
			return;
		if (config != NULL)
			reading_end(monitor, config, now);
		else
			refusal_log(&why);
	}
	if (monitor->source != NULL && !loader_dies(&monitor->loader, now->monotonic) &&
		signal_arrived(SIGHUP))
		reading_begin(monitor, now->monotonic);
}

/* ---- watches that have ended ---- */

static void endings_tick(struct monitor *monitor, const struct timestamps *now)
{
	struct watches *watches = &monitor->watches;
	struct counts ignored = {.same = 0};
	bool ended = false;

	for (int i = watches->count + watches->ending - 1; i >= watches->count; i--) {
		struct watched *watched = watches->each[i];
		int pending = channels_pending(watched->channels);

		if (pending > 0 && now->monotonic < watched->ends_by)
			continue;
		if (pending > 0)
			ending_log(watched, watched->config->workers, "the time for that is over");
		config_drop(monitor->config, watched->config);
		watched_free(watched);
		watches->ending--;
		memmove(&watches->each[i], &watches->each[i + 1],
			(size_t)(watches->count + watches->ending - i) * sizeof watches->each[0]);
		ended = true;
	}
	if (ended)
		config_apply(monitor, NULL, now, &ignored);
}

void reload_tick(struct monitor *monitor, const struct timestamps *now)
{
	reading_tick(monitor, now);
	endings_tick(monitor, now);
}
