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
static void parts_make(struct clockwork *clock, nsec now, uint64_t seed)
{
	const struct config *config = clock->config;

	gethostname(clock->host, sizeof clock->host - 1);
	clock->pace = pace_of(config->max_latency);
	clock->subject = (struct subject){clock->host, config->watched_check,
		config->watched_entity, config->max_latency, config->incident_key};
	match_begin(&clock->match, config);
	attention_begin(&clock->attention, clock->pace.alive, now, clock_boot());
	clock->watch = watch_begin(config, &clock->match, now);
	clock->rooms = rooms_new(config, 2 * (clock->pace.ping + clock->pace.answer), now);
	clock->roads = roads_new(config, &clock->subject, &clock->pace, seed);
	if (config->heartbeat_url != NULL)
		clock->beat = beat_new(&config->rooms, config->heartbeat_interval);
	clock->watchdog = watchdog_asked();
}

static void parts_join(struct clockwork *clock)
{
	clock->listener = (struct listener){.match = &clock->match,
		.attention = &clock->attention,
		.watch = clock->watch,
		.rooms = clock->rooms,
		.roads = clock->roads,
		.beat = clock->beat,
		.ear = clock->carriers.ear};
	clock->teller = (struct teller){.subject = &clock->subject,
		.watch = clock->watch,
		.roads = clock->roads,
		.rooms = clock->rooms};
}

nsec clockwork_begin(
	struct clockwork *clock, const struct config *config, const struct program *program)
{
	nsec now = clock_monotonic();
	uint64_t seed = seed_draw();
	bool pager = config->pagerduty_contact != NULL || config->heartbeat_url != NULL;

	*clock = (struct clockwork){.config = config, .timer = timer_begin()};
	parts_make(clock, now, seed);
	carriers_begin(&clock->carriers, config, program, &clock->pace, pager, seed);
	parts_join(clock);
	struct telling telling = clockwork_telling(clock, clock_monotonic());
	nsec away = past_begin(
		&clock->past, config->state_file, &clock->teller, clock->pace.record, &telling);
	if (clock->past.crashed && clock->beat != NULL) {
		log_warning("the last run ended unexpectedly within 60 s of its start: "
			    "heartbeat_url is not fetched in the first 60 s of this one");
		beat_hold(clock->beat, now + PAST_YOUNG);
	}
	return away;
}

void clockwork_end(struct clockwork *clock)
{
	carriers_end(&clock->carriers);
	beat_free(clock->beat);
	roads_free(clock->roads);
	rooms_free(clock->rooms);
	watch_free(clock->watch);
	match_free(&clock->match);
	close(clock->timer);
}

struct telling clockwork_telling(const struct clockwork *clock, nsec now)
{
	return (struct telling){.attention = attention_at(&clock->attention, now),
		.monotonic = now,
		.boot = clock_boot(),
		.wall = clock_wall()};
}
