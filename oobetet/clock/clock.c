/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/clock.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/ready.h"
#include "common/signals.h"
#include "oobetet/clock/clockwork.h"

#include <sys/timerfd.h>

#define STOPPING (1500 * NSEC_PER_MSEC) /* how long the hands may take to leave */

/* ---- a turn ---- */

/* Long absences are said where people would have relied on us. */
static void absence_tell(struct clockwork *clock, nsec away, const char *why)
{
	char text[NOTICE_TEXT];

	notice_absence(&clock->subject, away, why, text, sizeof text);
	log_warning("%s", text);
	if (away > clock->config->max_latency)
		roads_announce(clock->roads, text);
}

static void attend(struct clockwork *clock, nsec now)
{
	nsec away = attention_turn(&clock->attention, signal_arrived(SIGCONT), now, clock_boot());

	if (away == 0)
		return;
	carriers_forgive(&clock->carriers, away);
	if (away > clock->attention.tick)
		absence_tell(clock, away, "was stopped, or its machine was,");
}

static void message_take(void *user, const struct message *message, nsec now)
{
	listener_take(user, message, now);
}

static void carriers_turn(struct clockwork *clock, nsec now)
{
	enum carriers_news news;

	while ((news = carriers_tick(&clock->carriers, now)) != CARRIERS_NO_NEWS) {
		if (news == CARRIERS_EAR_STARTED)
			listener_ear_started(&clock->listener);
		else if (news == CARRIERS_EAR_LOST)
			listener_ear_lost(&clock->listener, hand_why(clock->carriers.ear), now);
		else if (news == CARRIERS_PAGER_STARTED)
			roads_pager_started(clock->roads);
		else
			roads_pager_lost(clock->roads, hand_why(clock->carriers.pager));
	}
}

static bool writer_ended(void *past, pid_t pid, int status)
{
	return past_ended(past, pid, status);
}

/* True: there are children that have not ended. */
static bool children_reap(struct clockwork *clock)
{
	return carriers_reap(&clock->carriers, writer_ended, &clock->past);
}

static void command_turn(struct clockwork *clock, nsec now)
{
	struct outcome outcome;

	if (command_tick(clock->carriers.command, now, &outcome))
		roads_answer(
			clock->roads, WAY_COMMAND, outcome.id, outcome.answer, outcome.why, now);
}

static void life_tell(struct clockwork *clock, nsec now)
{
	if (beat_due(clock->beat, now))
		hand_say(clock->carriers.pager, WORD_BEAT, NO_FIELDS);
	if (watchdog_due(&clock->watchdog, carriers_progress(&clock->carriers, now), now))
		ready_notify("WATCHDOG=1");
}

static void hangup_tell(void)
{
	if (signal_arrived(SIGHUP))
		log_info("SIGHUP changes nothing: the configuration is read at the start");
}

/* Everything that is due, once. What was heard is taken in before it is judged. */
static void clock_turn(struct clockwork *clock)
{
	nsec now = clock_monotonic();

	attend(clock, now);
	carriers_listen(&clock->carriers, message_take, &clock->listener, now);
	struct telling telling = clockwork_telling(clock, now);
	teller_judge(&clock->teller, &telling);
	carriers_turn(clock, now);
	children_reap(clock);
	command_turn(clock, now);
	roads_deliver(clock->roads, &clock->carriers, now);
	past_tick(&clock->past, &telling);
	life_tell(clock, now);
	hangup_tell();
}

/* ---- between two turns ---- */

static nsec clock_deadline(const struct clockwork *clock, nsec now)
{
	const nsec deadlines[] = {
		watch_deadline(clock->watch) + clock->attention.away, roads_deadline(clock->roads),
		past_deadline(&clock->past), carriers_deadline(&clock->carriers),
		beat_deadline(clock->beat), watchdog_deadline(&clock->watchdog),
		now + clock->attention.tick, /* often enough to notice that we were stopped */
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
static void clock_wait(const struct clockwork *clock, nsec deadline)
{
	nsec at = deadline > 0 ? deadline : 1; /* 0 would switch it off */
	const struct itimerspec timer = {
		.it_value = {.tv_sec = at / NSEC_PER_SEC, .tv_nsec = at % NSEC_PER_SEC}};
	struct pollfd fds[CARRIERS_POLLED + 1] = {
		[CARRIERS_POLLED] = {.fd = clock->timer, .events = POLLIN}};

	carriers_poll(&clock->carriers, fds);
	timerfd_settime(clock->timer, TFD_TIMER_ABSTIME, &timer, NULL);
	signals_poll(fds, CARRIERS_POLLED + 1, NULL);
}

/* ---- its beginning and its end ---- */

static void clock_announce(const struct clockwork *clock, int ready_fd)
{
	const struct config *config = clock->config;
	char name[NOTICE_KEY], span[DURATION_TEXT];

	log_info("watching for %s in %d room%s; silence of %s for %s is told",
		subject_name(&clock->subject, name, sizeof name), config->watch_rooms.count,
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
static void clock_leave(struct clockwork *clock)
{
	nsec limit = clock_monotonic() + STOPPING;
	int untold = roads_untold(clock->roads);
	bool written = false;

	ready_notify("STOPPING=1");
	if (untold > 0)
		log_warning("stopping, with %d untold", untold);
	carriers_dismiss(&clock->carriers);
	while ((children_reap(clock) || !written) && clock_monotonic() < limit) {
		struct telling now = clockwork_telling(clock, clock_monotonic());

		/* what the command still did is in it; a disk that hangs is not waited for */
		command_turn(clock, now.monotonic);
		written = written || past_write(&clock->past, &now, true);
		carriers_listen(&clock->carriers, message_ignore, NULL, now.monotonic);
		clock_wait(clock, limit);
	}
}

void clock_run(const struct config *config, const struct program *program, int ready_fd)
{
	struct clockwork clock;

	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD}, 4);
	nsec away = clockwork_begin(&clock, config, program);
	if (away > config->max_latency)
		absence_tell(&clock, away, "was not running");
	clock_announce(&clock, ready_fd);
	while (!signals_say_stop()) {
		clock_turn(&clock);
		clock_wait(&clock, clock_deadline(&clock, clock_monotonic()));
	}
	clock_leave(&clock);
	clockwork_end(&clock);
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

void clock_idle(int ready_fd)
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
