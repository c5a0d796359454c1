/* SPDX-License-Identifier: MIT */
/* The parts of the monitor: made at its start, freed at its end. */
#include "oobetet/monitor.h"

#include "common/log.h"
#include "common/random.h"
#include "common/utf8_clean.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>

#define NO_RETRY (3600 * NSEC_PER_SEC)

struct timestamps timestamps_at(const struct monitor *monitor, nsec now)
{
	return (struct timestamps){.active_time = active_time_at(&monitor->active_time, now),
		.monotonic = now,
		.boot = clock_boot(),
		.wall = clock_wall()};
}

static void watches_begin(struct monitor *monitor, uint64_t seed, nsec now)
{
	struct timing retries = monitor->timing;

	if (monitor->test) /* a failed test is reported, not sent again */
		retries.retry_min = retries.retry_max = NO_RETRY;
	for (int i = 0; i < monitor->config->watch_count; i++)
		monitor->watches.each[monitor->watches.count++] =
			watched_new(monitor->config->watch[i], monitor->host, &retries,
				seed + (uint64_t)i, now);
}

bool monitor_needs_http(const struct monitor *monitor)
{
	for (int i = 0; i < monitor->config->watch_count; i++)
		if (monitor->config->watch[i]->pagerduty_contact != NULL)
			return true;
	return monitor->heartbeat.interval > 0;
}

bool probes_are_configured(const struct config *config)
{
	for (int i = 0; i < config->watch_count; i++) {
		const struct watch_config *watch = config->watch[i];

		if (watch->probe_flapper != NULL || watch->probe_broker != NULL ||
			watch->probe_redis != NULL)
			return true;
	}
	return false;
}

/* The kernel's may have any bytes; JSON, XML and the log need clean text. */
static void host_name(char out[HOST_NAME_MAX + 1])
{
	char name[HOST_NAME_MAX + 1] = "";

	gethostname(name, sizeof name - 1);
	utf8_clean_line(name, out, HOST_NAME_MAX + 1);
}

static void parts_begin(struct monitor *monitor, const struct selfexec *selfexec, nsec now)
{
	const struct config *config = monitor->config;
	uint64_t seed = random_seed();

	host_name(monitor->host);
	monitor->timing = timing_of(config->max_latency);
	active_time_begin(&monitor->active_time, monitor->timing.alive, now, clock_boot());
	watches_begin(monitor, seed, now);
	monitor->rooms =
		rooms_new(config, 2 * (monitor->timing.ping + monitor->timing.answer), now);
	monitor->asides = asides_new(seed);
	monitor->heartbeat = (struct heartbeat){.rooms = monitor->rooms,
		.interval = config->heartbeat_url != NULL && !monitor->test
				    ? config->heartbeat_interval
				    : 0};
	monitor->watchdog = watchdog_asked();
	if (config->rooms.count > 0)
		monitor->workers.xmpp = worker_new(
			SPEAKER_XMPP, selfexec, &monitor->timing, (uint32_t)(seed >> 32));
	monitor->parts.xmpp = config_part(config, CONFIG_XMPP);
	monitor->parts.http = config_part(config, CONFIG_HTTP);
	monitor->parts.probe = config_part(config, CONFIG_PROBE);
	if (monitor_needs_http(monitor))
		monitor->workers.http =
			worker_new(SPEAKER_HTTP, selfexec, &monitor->timing, (uint32_t)seed);
	if (!monitor->test && probes_are_configured(config))
		monitor->workers.probe =
			worker_new(SPEAKER_PROBE, selfexec, &monitor->timing, (uint32_t)seed + 1);
}

nsec monitor_begin(
	struct monitor *monitor, struct config *config, const struct selfexec *selfexec, bool test)
{
	nsec now = clock_monotonic();

	*monitor = (struct monitor){.config = config,
		.selfexec = selfexec,
		.started = clock_boot(),
		.test = test,
		.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
	if (monitor->timer < 0)
		die(EX_OSERR, "cannot create a timer: %s", strerror(errno));
	loader_init(&monitor->loader);
	parts_begin(monitor, selfexec, now);
	if (test) {
		watches_recorded(&monitor->watches);
		return 0;
	}
	struct timestamps timestamps = timestamps_at(monitor, clock_monotonic());
	nsec away = snapshot_begin(&monitor->snapshot, config->state_file, &monitor->watches,
		monitor->timing.record, &timestamps);
	if (monitor->snapshot.crashed && monitor->heartbeat.interval > 0) {
		log_warning("the last run ended unexpectedly within 60 s of its start: "
			    "heartbeat_url is not fetched in the first 60 s of this one");
		monitor->heartbeat.next = now + SNAPSHOT_YOUNG;
	}
	return away;
}

void monitor_end(struct monitor *monitor)
{
	worker_free(monitor->workers.probe);
	worker_free(monitor->workers.http);
	worker_free(monitor->workers.xmpp);
	loader_free(&monitor->loader);
	watches_free(&monitor->watches);
	snapshot_end(&monitor->snapshot);
	free(monitor->metrics.path);
	asides_free(monitor->asides);
	rooms_free(monitor->rooms);
	close(monitor->timer);
}
