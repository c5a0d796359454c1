/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/clockwork.h"

#include "common/log.h"
#include "oobetet/seed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>

/* The configuration was accepted with these patterns. */
static void match_begin(struct match *match, const struct config *config)
{
	const char *const patterns[KIND_NONE] = {
		[KIND_PROBLEM] = config->problem_pattern,
		[KIND_RECOVERY] = config->recovery_pattern,
		[KIND_HEARTBEAT] = config->heartbeat_pattern,
		[KIND_ACKNOWLEDGEMENT] = config->acknowledgement_pattern,
	};
	struct reason why;

	*match = (struct match){.check = config->watched_check, .entity = config->watched_entity};
	for (enum kind kind = KIND_PROBLEM; kind < KIND_NONE; kind++)
		if (patterns[kind] != NULL && !match_pattern(match, kind, patterns[kind], &why))
			die(EX_CONFIG, "%s_pattern: %s", kind_name(kind), why.text);
}

static struct watch *watch_begin(const struct config *config, const struct match *match, nsec now)
{
	struct watch_rules rules = {.max_latency = config->max_latency,
		.repeat_interval = config->repeat_interval,
		.repeat_max = config->repeat_max};

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		rules.awaited[kind] = match_awaits(match, kind);
	return watch_new(&rules, now);
}

static int timer_begin(void)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer < 0)
		die(EX_OSERR, "no timer: %s", strerror(errno));
	return timer;
}

/* What knows the time, the watched check and the roads, but none of the others. */
static void parts_make(struct monitor *clock, nsec now, uint64_t seed)
{
	const struct config *config = clock->config;

	gethostname(clock->host, sizeof clock->host - 1);
	clock->timing = timing_of(config->max_latency);
	clock->target = (struct target){clock->host, config->watched_check, config->watched_entity,
		config->max_latency, config->incident_key};
	match_begin(&clock->match, config);
	active_time_begin(&clock->active_time, clock->timing.alive, now, clock_boot());
	clock->watch = watch_begin(config, &clock->match, now);
	clock->rooms = rooms_new(config, 2 * (clock->timing.ping + clock->timing.answer), now);
	clock->channels = channels_new(config, &clock->target, &clock->timing, seed);
	if (config->heartbeat_url != NULL)
		clock->heartbeat = heartbeat_new(&config->rooms, config->heartbeat_interval);
	clock->watchdog = watchdog_asked();
}

static void parts_join(struct monitor *clock)
{
	clock->dispatch = (struct dispatch){.match = &clock->match,
		.active_time = &clock->active_time,
		.watch = clock->watch,
		.rooms = clock->rooms,
		.channels = clock->channels,
		.heartbeat = clock->heartbeat,
		.xmpp = clock->workers.xmpp};
	clock->reporter = (struct reporter){.target = &clock->target,
		.watch = clock->watch,
		.channels = clock->channels,
		.rooms = clock->rooms};
}

nsec monitor_begin(
	struct monitor *clock, const struct config *config, const struct selfexec *selfexec)
{
	nsec now = clock_monotonic();
	uint64_t seed = random_draw();
	bool http = config->pagerduty_contact != NULL || config->heartbeat_url != NULL;

	*clock = (struct monitor){.config = config, .timer = timer_begin()};
	parts_make(clock, now, seed);
	workers_begin(&clock->workers, config, selfexec, &clock->timing, http, seed);
	parts_join(clock);
	struct timestamps timestamps = monitor_now(clock, clock_monotonic());
	nsec away = snapshot_begin(&clock->past, config->state_file, &clock->reporter,
		clock->timing.record, &timestamps);
	if (clock->past.crashed && clock->heartbeat != NULL) {
		log_warning("the last run ended unexpectedly within 60 s of its start: "
			    "heartbeat_url is not fetched in the first 60 s of this one");
		heartbeat_hold(clock->heartbeat, now + PAST_YOUNG);
	}
	return away;
}

void monitor_end(struct monitor *clock)
{
	workers_end(&clock->workers);
	heartbeat_free(clock->heartbeat);
	channels_free(clock->channels);
	rooms_free(clock->rooms);
	watch_free(clock->watch);
	match_free(&clock->match);
	close(clock->timer);
}

struct timestamps monitor_now(const struct monitor *clock, nsec now)
{
	return (struct timestamps){.active_time = active_time_at(&clock->active_time, now),
		.monotonic = now,
		.boot = clock_boot(),
		.wall = clock_wall()};
}
