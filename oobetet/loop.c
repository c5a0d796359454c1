/* SPDX-License-Identifier: MIT */
/* The loop of the monitor: from its start to SIGTERM, turn by turn. */
#include "oobetet/monitor.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/process.h"
#include "common/ready.h"
#include "common/signals.h"
#include "oobetet/status.h"

#include <string.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOPPING (1500 * NSEC_PER_MSEC) /* how long the workers may take to stop */
#define READS_MAX 64 /* of 64 KiB in a row: a worker that floods us must not stop the monitor */

/* ---- a turn ---- */

static void active_time_update(struct monitor *monitor, nsec now)
{
	nsec before = monitor->active_time.away;
	nsec away =
		active_time_turn(&monitor->active_time, signal_arrived(SIGCONT), now, clock_boot());
	/* deadlines are of CLOCK_MONOTONIC, which stands still while the machine is suspended */
	nsec stopped = monitor->active_time.away - before;

	worker_extend(monitor->workers.xmpp, stopped);
	worker_extend(monitor->workers.http, stopped);
	worker_extend(monitor->workers.probe, stopped);
	listeners_extend(&monitor->watches, stopped);
	if (away > monitor->active_time.tick)
		announce_absence(monitor, away, "was stopped, or its machine was,");
}

static void messages_read(struct monitor *monitor, struct worker *worker, nsec now)
{
	struct message message;
	bool more = true;

	for (int i = 0; more && i < READS_MAX; i++) {
		more = worker_exchange(worker);
		while (worker_next(worker, &message, now))
			if (!monitor->leaving)
				dispatch_message(monitor, &message, now);
	}
}

static void config_item_send(void *user, int watch, const char *key, const char *value)
{
	char index[MESSAGE_NUMBER] = "";

	if (watch != CONFIG_PROCESS)
		message_number_text(watch, index);
	worker_send(user, MESSAGE_CONFIG, FIELDS(index, key, value));
}

static void worker_configure(struct worker *worker, const struct config *config, unsigned whom)
{
	char attempt[MESSAGE_NUMBER];

	config_hand_over(config, whom, config_item_send, worker);
	/* --debug overrides the file's level; workers log nothing above INFO */
	config_item_send(
		worker, CONFIG_PROCESS, "level", log_enabled(LOG_LEVEL_DEBUG) ? "DEBUG" : "INFO");
	worker_send(
		worker, MESSAGE_GO, FIELDS(message_number_text(worker_attempt(worker), attempt)));
}

/* Starts, kills and restarts the workers as due. */
static void workers_tick(struct monitor *monitor, nsec now)
{
	struct workers *workers = &monitor->workers;
	enum worker_news news;

	while ((news = worker_tick(workers->xmpp, now)) != WORKER_NO_NEWS) {
		if (news == WORKER_STARTED) {
			worker_configure(workers->xmpp, monitor->config, CONFIG_XMPP);
			dispatch_xmpp_started(monitor);
		} else {
			dispatch_xmpp_lost(monitor, now);
		}
	}
	while ((news = worker_tick(workers->http, now)) != WORKER_NO_NEWS) {
		if (news == WORKER_STARTED) {
			worker_configure(workers->http, monitor->config, CONFIG_HTTP);
			watches_open(&monitor->watches, CHANNEL_PAGERDUTY, NULL);
		} else {
			watches_close(&monitor->watches, CHANNEL_PAGERDUTY, NULL,
				worker_why(workers->http));
		}
	}
	while ((news = worker_tick(workers->probe, now)) != WORKER_NO_NEWS)
		if (news == WORKER_STARTED)
			worker_configure(workers->probe, monitor->config, CONFIG_PROBE);
}

/* True: there are children that have not ended. A worker's end is noticed at its socket. */
static bool children_reap(struct monitor *monitor)
{
	int status, error;
	pid_t pid;

	/* those of our own process group: all but the commands */
	while ((pid = waitpid(0, &status, WNOHANG)) > 0) {
		if (snapshot_ended(&monitor->snapshot, pid, status) ||
			writer_ended(&monitor->metrics.writer, pid, status, &error) ||
			loader_ended(&monitor->loader, pid))
			continue;
		worker_reaped(monitor->workers.xmpp, pid);
		worker_reaped(monitor->workers.http, pid);
		worker_reaped(monitor->workers.probe, pid);
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			log_warning("process %d was ended by signal %d (%s)", (int)pid,
				WTERMSIG(status), strsignal(WTERMSIG(status)));
	}
	bool listening = listeners_run(&monitor->watches);
	listening = processes_reap() || listening;
	return watches_commands_run(&monitor->watches) || listening || pid == 0;
}

static void liveness_report(struct monitor *monitor, nsec now)
{
	bool progress = worker_progresses(monitor->workers.xmpp, now) &&
			worker_progresses(monitor->workers.http, now) &&
			worker_progresses(monitor->workers.probe, now);

	if (listeners_present(&monitor->watches) && heartbeat_due(&monitor->heartbeat, now))
		worker_send(monitor->workers.http, MESSAGE_HEARTBEAT, NO_FIELDS);
	if (watchdog_due(&monitor->watchdog, progress, now))
		ready_notify("WATCHDOG=1");
}

void monitor_turn(struct monitor *monitor)
{
	nsec now = clock_monotonic();

	active_time_update(monitor, now);
	/* all messages are applied before the watches are evaluated */
	messages_read(monitor, monitor->workers.xmpp, now);
	messages_read(monitor, monitor->workers.http, now);
	messages_read(monitor, monitor->workers.probe, now);
	presence_note(monitor, now);
	struct timestamps timestamps = timestamps_at(monitor, now);
	if (!monitor->test)
		listeners_read(monitor, &timestamps);
	planned_tick(monitor, &timestamps);
	for (int i = 0; !monitor->test && i < monitor->watches.count; i++)
		incident_report(monitor->watches.each[i], monitor->rooms, &timestamps);
	workers_tick(monitor, now);
	children_reap(monitor);
	watches_commands_tick(&monitor->watches, now);
	asides_send(monitor->asides, monitor->rooms, monitor->workers.xmpp);
	watches_send(&monitor->watches, &monitor->workers, now);
	snapshot_tick(&monitor->snapshot, &timestamps);
	metrics_tick(monitor, &timestamps);
	liveness_report(monitor, now);
	reload_tick(monitor, &timestamps);
	if (signal_arrived(SIGUSR1))
		status_log(monitor, &timestamps);
}

/* ---- between two turns ---- */

nsec monitor_deadline(const struct monitor *monitor, nsec now)
{
	const nsec deadlines[] = {
		monitor->test ? NSEC_NEVER
			      : watches_evaluation(&monitor->watches, monitor->active_time.away),
		watches_deadline(&monitor->watches), snapshot_deadline(&monitor->snapshot),
		worker_deadline(monitor->workers.xmpp), worker_deadline(monitor->workers.http),
		worker_deadline(monitor->workers.probe),
		monitor->test ? NSEC_NEVER : listeners_deadline(&monitor->watches),
		listeners_present(&monitor->watches) ? heartbeat_deadline(&monitor->heartbeat)
						     : NSEC_NEVER,
		watchdog_deadline(&monitor->watchdog), planned_deadline(monitor, now),
		metrics_deadline(monitor), loader_deadline(&monitor->loader, now),
		now + monitor->active_time.tick, /* often enough to notice that we were stopped */
	};
	nsec first = NSEC_NEVER;

	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++)
		first = nsec_earlier(first, deadlines[i]);
	return first;
}

/*
 * Moves what there is to the front; returns how many. ppoll(2) refuses a longer list than files may
 * be open (RLIMIT_NOFILE), and would then let no signal through.
 */
static size_t fds_present(struct pollfd fds[], size_t count)
{
	size_t present = 0;

	for (size_t i = 0; i < count; i++)
		if (fds[i].fd >= 0)
			fds[present++] = fds[i];
	return present;
}

/*
 * The timer expires at that moment even if the process was frozen meanwhile: ppoll(2)'s own
 * timeout would start again from where it was.
 */
void monitor_wait(const struct monitor *monitor, nsec deadline)
{
	nsec at = deadline > 0 ? deadline : 1; /* 0 would switch it off */
	const struct itimerspec timer = {
		.it_value = {.tv_sec = at / NSEC_PER_SEC, .tv_nsec = at % NSEC_PER_SEC}};
	struct pollfd fds[5 + WATCHES_MAX * (1 + LISTENER_POLLS)] = {
		worker_poll(monitor->workers.xmpp), worker_poll(monitor->workers.http),
		worker_poll(monitor->workers.probe), loader_poll(&monitor->loader),
		{.fd = monitor->timer, .events = POLLIN}};
	size_t count = 5 + watches_poll(&monitor->watches, fds + 5);

	count += listeners_poll(&monitor->watches, fds + count);
	timerfd_settime(monitor->timer, TFD_TIMER_ABSTIME, &timer, NULL);
	signals_poll(fds, fds_present(fds, count), NULL);
}

/* ---- start and stop ---- */

/* What is watched, a line each. */
static void watches_log(const struct monitor *monitor)
{
	char name[NOTIFICATION_KEY], span[DURATION_TEXT], where[60];

	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];
		const struct watch_config *config = watched->config;

		if (watched->listener != NULL)
			snprintf(where, sizeof where, "the lines of listen_command");
		else
			snprintf(where, sizeof where, "%d room%s", config->watch_rooms.count,
				config->watch_rooms.count == 1 ? "" : "s");
		log_info("%swatching for %s in %s; alarm after %s without %s", config->label,
			target_name(&watched->target, name, sizeof name), where,
			duration_text(config->max_latency, span),
			config->heartbeat_pattern != NULL ? "it"
							  : "a problem or without a recovery");
		if (config->pagerduty_contact == NULL && config->alert_command == NULL)
			log_warning("%sneither pagerduty_contact nor alert_command is set: alarms "
				    "are sent to the rooms only",
				config->label);
	}
}

void monitor_leave(struct monitor *monitor)
{
	nsec limit = clock_monotonic() + STOPPING;
	int pending = watches_pending(&monitor->watches);
	bool written = false;

	monitor->leaving = true;
	ready_notify("STOPPING=1");
	if (pending > 0 && !monitor->test)
		log_warning("stopping; notifications not delivered: %d", pending);
	worker_shut_down(monitor->workers.xmpp);
	worker_shut_down(monitor->workers.http);
	worker_shut_down(monitor->workers.probe);
	listeners_shut_down(&monitor->watches);
	while ((children_reap(monitor) || !written) && clock_monotonic() < limit) {
		struct timestamps now = timestamps_at(monitor, clock_monotonic());

		/* the last state holds the outcome of commands; a disk that hangs is not awaited */
		watches_commands_tick(&monitor->watches, now.monotonic);
		written = written || snapshot_write(&monitor->snapshot, &now, true);
		messages_read(monitor, monitor->workers.xmpp, now.monotonic);
		messages_read(monitor, monitor->workers.http, now.monotonic);
		messages_read(monitor, monitor->workers.probe, now.monotonic);
		listeners_read(monitor, &now); /* what is left in their pipes */
		monitor_wait(monitor, limit);
	}
}

struct config *monitor_run(struct config *config, const struct config_source *source,
	const struct selfexec *selfexec, int ready_fd)
{
	struct monitor monitor;

	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD}, 5);
	nsec away = monitor_begin(&monitor, config, selfexec, false);
	monitor.source = source;
	announce_start(&monitor, "started");
	if (away > config->max_latency) /* the shortest of all */
		announce_absence(&monitor, away,
			monitor.snapshot.guessed ? "was not running, by the wall clock,"
						 : "was not running");
	watches_log(&monitor);
	ready_announce(ready_fd);
	while (!signals_say_stop()) {
		monitor_turn(&monitor);
		monitor_wait(&monitor, monitor_deadline(&monitor, clock_monotonic()));
	}
	monitor_leave(&monitor);
	monitor_end(&monitor);
	return monitor.config;
}

void monitor_idle(int ready_fd)
{
	struct watchdog watchdog = watchdog_asked();

	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGUSR1}, 4);
	log_info("disabled (enabled = no): idle");
	ready_announce(ready_fd);
	while (!signals_say_stop()) {
		nsec now = clock_monotonic();
		struct timespec timeout;

		if (watchdog_due(&watchdog, true, now))
			ready_notify("WATCHDOG=1");
		signals_poll(NULL, 0, clock_timeout(now, watchdog_deadline(&watchdog), &timeout));
		if (signal_arrived(SIGHUP))
			log_info("SIGHUP changes nothing while enabled = no: restart to read the "
				 "configuration");
		if (signal_arrived(SIGUSR1))
			log_info("status: disabled (enabled = no): idle");
	}
	ready_notify("STOPPING=1");
}
