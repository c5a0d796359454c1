/* SPDX-License-Identifier: MIT */
#include "oobetet/monitor.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/random.h"
#include "common/ready.h"
#include "common/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>

#define STOPPING (1500 * NSEC_PER_MSEC) /* how long the hands may take to leave */

/* ---- a turn ---- */

/* Long absences are said where people would have relied on us. */
static void absence_tell(struct monitor *clock, nsec away, const char *why)
{
	char text[NOTIFICATION_TEXT];

	notification_absence(&clock->target, away, why, text, sizeof text);
	log_warning("%s", text);
	if (away > clock->config->max_latency)
		channels_announce(clock->channels, text);
}

static void attend(struct monitor *clock, nsec now)
{
	nsec away =
		active_time_turn(&clock->active_time, signal_arrived(SIGCONT), now, clock_boot());

	if (away == 0)
		return;
	workers_extend(&clock->workers, away);
	if (away > clock->active_time.tick)
		absence_tell(clock, away, "was stopped, or its machine was,");
}

static void message_take(void *user, const struct message *message, nsec now)
{
	dispatch_take(user, message, now);
}

static void workers_turn(struct monitor *clock, nsec now)
{
	enum workers_news news;

	while ((news = workers_tick(&clock->workers, now)) != WORKERS_NO_NEWS) {
		if (news == WORKERS_XMPP_STARTED)
			dispatch_xmpp_started(&clock->dispatch);
		else if (news == WORKERS_XMPP_LOST)
			dispatch_xmpp_lost(&clock->dispatch, worker_why(clock->workers.xmpp), now);
		else if (news == WORKERS_HTTP_STARTED)
			channels_http_started(clock->channels);
		else
			channels_http_lost(clock->channels, worker_why(clock->workers.http));
	}
}

static bool writer_ended(void *past, pid_t pid, int status)
{
	return snapshot_ended(past, pid, status);
}

/* True: there are children that have not ended. */
static bool children_reap(struct monitor *clock)
{
	return workers_reap(&clock->workers, writer_ended, &clock->past);
}

static void command_turn(struct monitor *clock, nsec now)
{
	struct outcome outcome;

	if (command_tick(clock->workers.command, now, &outcome))
		channels_answer(clock->channels, CHANNEL_COMMAND, outcome.id, outcome.answer,
			outcome.why, now);
}

static void life_tell(struct monitor *clock, nsec now)
{
	if (heartbeat_due(clock->heartbeat, now))
		worker_send(clock->workers.http, MESSAGE_HEARTBEAT, NO_FIELDS);
	if (watchdog_due(&clock->watchdog, workers_progress(&clock->workers, now), now))
		ready_notify("WATCHDOG=1");
}

static void hangup_tell(void)
{
	if (signal_arrived(SIGHUP))
		log_info("SIGHUP changes nothing: the configuration is read at the start");
}

/* Everything that is due, once. What was heard is taken in before it is judged. */
static void monitor_turn(struct monitor *clock)
{
	nsec now = clock_monotonic();

	attend(clock, now);
	workers_listen(&clock->workers, message_take, &clock->dispatch, now);
	struct timestamps timestamps = monitor_now(clock, now);
	incident_report(&clock->reporter, &timestamps);
	workers_turn(clock, now);
	children_reap(clock);
	command_turn(clock, now);
	channels_send(clock->channels, &clock->workers, now);
	snapshot_tick(&clock->past, &timestamps);
	life_tell(clock, now);
	hangup_tell();
}

/* ---- between two turns ---- */

static nsec monitor_deadline(const struct monitor *clock, nsec now)
{
	const nsec deadlines[] = {
		watch_deadline(clock->watch) + clock->active_time.away,
		channels_deadline(clock->channels), snapshot_deadline(&clock->past),
		workers_deadline(&clock->workers), heartbeat_deadline(clock->heartbeat),
		watchdog_deadline(&clock->watchdog),
		now + clock->active_time.tick, /* often enough to notice that we were stopped */
	};
	nsec first = NSEC_NEVER;

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++)
		first = nsec_earlier(first, deadlines[i]);
	return first;
}

/*
 * Until `deadline`, by a timer that rings at that moment whatever happened meanwhile: ppoll(2)'s
 * own limit goes on after a freeze as if nothing had been.
 */
static void monitor_wait(const struct monitor *clock, nsec deadline)
{
	nsec at = deadline > 0 ? deadline : 1; /* 0 would switch it off */
	const struct itimerspec timer = {
		.it_value = {.tv_sec = at / NSEC_PER_SEC, .tv_nsec = at % NSEC_PER_SEC}};
	struct pollfd fds[WORKERS_POLLED + 1] = {
		[WORKERS_POLLED] = {.fd = clock->timer, .events = POLLIN}};

	workers_poll(&clock->workers, fds);
	timerfd_settime(clock->timer, TFD_TIMER_ABSTIME, &timer, NULL);
	signals_poll(fds, WORKERS_POLLED + 1, NULL);
}

/* ---- its beginning and its end ---- */

static void monitor_announce(const struct monitor *clock, int ready_fd)
{
	const struct config *config = clock->config;
	char name[NOTIFICATION_KEY], span[DURATION_TEXT];

	log_info("watching for %s in %d room%s; silence of %s for %s is told",
		target_name(&clock->target, name, sizeof name), config->watch_rooms.count,
		config->watch_rooms.count == 1 ? "" : "s",
		config->heartbeat_pattern != NULL ? "it" : "either kind",
		duration_text(config->max_latency, span));
	if (config->pagerduty_contact == NULL && config->alert_command == NULL)
		log_warning(
			"without pagerduty_contact or alert_command nobody is told outside the rooms");
	ready_announce(ready_fd);
}

static void message_ignore(void *user, const struct message *message, nsec now)
{
	(void)user, (void)message, (void)now;
}

/* The hands leave; what they still say on their way out is not looked at. */
static void monitor_leave(struct monitor *clock)
{
	nsec limit = clock_monotonic() + STOPPING;
	int pending = channels_pending(clock->channels);
	bool written = false;

	ready_notify("STOPPING=1");
	if (pending > 0)
		log_warning("stopping, with %d untold", pending);
	workers_shut_down(&clock->workers);
	while ((children_reap(clock) || !written) && clock_monotonic() < limit) {
		struct timestamps now = monitor_now(clock, clock_monotonic());

		/* what the command still did is in it; a disk that hangs is not waited for */
		command_turn(clock, now.monotonic);
		written = written || snapshot_write(&clock->past, &now, true);
		workers_listen(&clock->workers, message_ignore, NULL, now.monotonic);
		monitor_wait(clock, limit);
	}
}

void monitor_run(const struct config *config, const struct selfexec *selfexec, int ready_fd)
{
	struct monitor clock;

	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD}, 4);
	nsec away = monitor_begin(&clock, config, selfexec);
	if (away > config->max_latency)
		absence_tell(&clock, away, "was not running");
	monitor_announce(&clock, ready_fd);
	while (!signals_say_stop()) {
		monitor_turn(&clock);
		monitor_wait(&clock, monitor_deadline(&clock, clock_monotonic()));
	}
	monitor_leave(&clock);
	monitor_end(&clock);
}

/* Until a signal comes, or systemd wants to hear of us. */
static void idle_wait(struct watchdog *watchdog)
{
	nsec now = clock_monotonic();
	struct timespec timeout;

	if (watchdog_due(watchdog, true, now))
		ready_notify("WATCHDOG=1");
	signals_poll(NULL, 0, clock_timeout(now, watchdog_deadline(watchdog), &timeout));
}

void monitor_idle(int ready_fd)
{
	struct watchdog watchdog = watchdog_asked();

	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP}, 3);
	log_info("disabled (enabled = no): idle");
	ready_announce(ready_fd);
	while (!signals_say_stop()) {
		idle_wait(&watchdog);
		hangup_tell();
	}
	ready_notify("STOPPING=1");
}

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
	uint64_t seed = random_seed();
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
