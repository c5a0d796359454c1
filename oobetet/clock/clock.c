/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/clock.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/ready.h"
#include "common/signals.h"
#include "oobetet/clock/attention.h"
#include "oobetet/clock/beat.h"
#include "oobetet/clock/hand.h"
#include "oobetet/clock/past.h"
#include "oobetet/clock/teller.h"
#include "oobetet/clock/watchdog.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define READS_MOST 64 /* of 64 KiB in a row: a hand that floods us must not stop the clock */
#define STOPPING (1500 * NSEC_PER_MSEC) /* how long the hands may take to leave */

struct clock {
	const struct config *config;
	struct pace pace;
	char host[HOST_NAME_MAX + 1];
	struct subject subject;
	struct match match;
	struct attention attention;
	struct watch *watch;
	struct rooms *rooms;
	struct roads *roads;
	struct teller teller;
	struct past past;
	int timer; /* wakes us at the next deadline */
	struct hand *ear;
	struct hand *pager;      /* NULL: neither PagerDuty nor heartbeat_url is configured */
	struct command *command; /* NULL: no alert_command */
	struct beat *beat;       /* NULL: no heartbeat_url */
	struct watchdog watchdog;
};

/* ---- what the hands say ---- */

/* What was said at `stamp` of CLOCK_MONOTONIC, as the ear heard it or the room kept it. */
static void words_take(struct clock *clock, nsec stamp, char *const field[])
{
	nsec now = clock_monotonic();
	enum kind kind = match_body(&clock->match, field[3]);

	if (kind == KIND_NONE || !rooms_listen(clock->rooms, field[1], field[2]))
		return;
	log_debug("%s from %s in %s", kind_name(kind), field[2], field[1]);
	watch_hear(clock->watch, kind, attention_at(&clock->attention, stamp < now ? stamp : now));
}

static void heard_take(struct clock *clock, char *const field[])
{
	nsec stamp;

	if (message_nsec(field[0], &stamp))
		words_take(clock, stamp, field);
}

/* Only what was said while we were out of a room that we had been in before. */
static void recalled_take(struct clock *clock, char *const field[])
{
	int room = rooms_index(clock->rooms, field[1]);
	nsec stamp;

	if (room < 0 || !message_nsec(field[0], &stamp))
		return;
	stamp += clock_monotonic() - clock_wall();
	if (stamp >= rooms_missed(clock->rooms, room))
		words_take(clock, stamp, field);
}

static void room_missed_say(struct clock *clock, int room)
{
	char stamp[MESSAGE_NSEC];
	nsec missed = rooms_missed(clock->rooms, room);

	if (missed != NSEC_NEVER)
		hand_say(clock->ear, WORD_MISSED,
			FIELDS(rooms_name(clock->rooms, room),
				message_nsec_text(missed > 0 ? missed : 0, stamp)));
}

static void joined_take(struct clock *clock, char *const field[])
{
	if (!rooms_entered(clock->rooms, field[0], field[1]))
		return;
	beat_joined(clock->beat, field[0]);
	roads_room_opened(clock->roads, field[0]);
}

static void left_take(struct clock *clock, char *const field[], nsec now)
{
	if (!rooms_left(clock->rooms, field[0], field[1], now))
		return;
	beat_left(clock->beat, field[0]);
	roads_room_closed(clock->roads, field[0], field[1]);
	room_missed_say(clock, rooms_index(clock->rooms, field[0]));
}

static void message_take(struct clock *clock, const struct message *message, nsec now)
{
	char *const *field = message->field;

	switch (message->word) {
	case WORD_HEARD:
		heard_take(clock, field);
		break;
	case WORD_RECALLED:
		recalled_take(clock, field);
		break;
	case WORD_JOINED:
		joined_take(clock, field);
		break;
	case WORD_LEFT:
		left_take(clock, field, now);
		break;
	case WORD_DONE:
		roads_answer(clock->roads, field[0], ANSWER_DONE, "", now);
		break;
	case WORD_REFUSED:
		roads_answer(clock->roads, field[0], ANSWER_REFUSED, field[1], now);
		break;
	case WORD_FAILED:
		roads_answer(clock->roads, field[0], ANSWER_FAILED, field[1], now);
		break;
	default: /* words of ours */
		log_debug("a hand says what only the clock may");
	}
}

static void hand_listen(struct clock *clock, struct hand *hand, nsec now)
{
	struct message message;
	bool more = hand != NULL;

	for (int i = 0; more && i < READS_MOST; i++) {
		more = hand_exchange(hand);
		while (hand_next(hand, &message, now))
			message_take(clock, &message, now);
	}
}

/* ---- the hands ---- */

static void configuration_give(void *user, const char *key, const char *value)
{
	hand_say(user, WORD_CONFIG, FIELDS(key, value));
}

static void hand_begin(const struct clock *clock, struct hand *hand, unsigned whom)
{
	config_hand_over(clock->config, whom, configuration_give, hand);
	/* --debug may have made it another than the file's; above it the hands say nothing */
	configuration_give(hand, "level", log_enabled(LOG_LEVEL_DEBUG) ? "DEBUG" : "INFO");
	hand_say(hand, WORD_GO, NO_FIELDS);
}

static void ear_begin(struct clock *clock)
{
	hand_begin(clock, clock->ear, CONFIG_EAR);
	for (int i = 0; i < rooms_count(clock->rooms); i++)
		room_missed_say(clock, i);
}

static void ear_tick(struct clock *clock, nsec now)
{
	enum hand_news news;

	while ((news = hand_tick(clock->ear, now)) != HAND_NO_NEWS) {
		if (news == HAND_STARTED) {
			ear_begin(clock);
		} else {
			beat_lost(clock->beat);
			rooms_all_left(clock->rooms, hand_why(clock->ear), now);
			roads_ear_lost(clock->roads, hand_why(clock->ear));
		}
	}
}

static void pager_tick(struct clock *clock, nsec now)
{
	enum hand_news news;

	while (clock->pager != NULL && (news = hand_tick(clock->pager, now)) != HAND_NO_NEWS) {
		if (news == HAND_STARTED) {
			hand_begin(clock, clock->pager, CONFIG_PAGER);
			roads_pager_started(clock->roads);
		} else {
			roads_pager_lost(clock->roads, hand_why(clock->pager));
		}
	}
}

/*
 * Whatever ended. A hand's end is noticed at its socket; here only what a signal did is said.
 * True: there are others, which have not ended.
 */
static bool children_reap(struct clock *clock)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!past_ended(&clock->past, pid, status) &&
			!command_ended(clock->command, pid, status) && WIFSIGNALED(status) &&
			WTERMSIG(status) != SIGKILL)
			log_warning("process %d was ended by signal %d (%s)", (int)pid,
				WTERMSIG(status), strsignal(WTERMSIG(status)));
	return pid == 0;
}

static void command_turn(struct clock *clock, nsec now)
{
	struct outcome outcome;

	if (command_tick(clock->command, now, &outcome))
		roads_answer(clock->roads, outcome.id, outcome.answer, outcome.why, now);
}

static bool hands_progress(const struct clock *clock, nsec now)
{
	return hand_progresses(clock->ear, now) &&
	       (clock->pager == NULL || hand_progresses(clock->pager, now));
}

/* ---- the loop ---- */

static nsec clock_deadline(const struct clock *clock, nsec now)
{
	nsec hands = nsec_earlier(hand_deadline(clock->ear),
		clock->pager != NULL ? hand_deadline(clock->pager) : NSEC_NEVER);
	nsec watch = watch_deadline(clock->watch) + clock->attention.away;

	hands = nsec_earlier(hands, watchdog_deadline(&clock->watchdog));
	/* and often enough to notice that we were stopped */
	hands = nsec_earlier(
		hands, nsec_earlier(beat_deadline(clock->beat), now + clock->attention.tick));
	hands = nsec_earlier(hands, command_deadline(clock->command));
	hands = nsec_earlier(hands, past_deadline(&clock->past));
	return nsec_earlier(hands, nsec_earlier(watch, roads_deadline(clock->roads)));
}

/*
 * Until `deadline`, by a timer that rings at that moment whatever happened meanwhile: ppoll(2)'s
 * own limit goes on after a freeze as if nothing had been.
 */
static void clock_wait(const struct clock *clock, nsec deadline)
{
	nsec at = deadline > 0 ? deadline : 1; /* 0 would switch it off */
	const struct itimerspec timer = {
		.it_value = {.tv_sec = at / NSEC_PER_SEC, .tv_nsec = at % NSEC_PER_SEC}};
	struct pollfd fds[] = {
		hand_poll(clock->ear),
		clock->pager != NULL ? hand_poll(clock->pager) : (struct pollfd){.fd = -1},
		command_poll(clock->command),
		{.fd = clock->timer, .events = POLLIN},
	};

	timerfd_settime(clock->timer, TFD_TIMER_ABSTIME, &timer, NULL);
	signals_poll(fds, sizeof fds / sizeof fds[0], NULL);
}

/* Long absences are said where people would have relied on us. */
static void absence_tell(struct clock *clock, nsec away, const char *why)
{
	char text[NOTICE_TEXT];

	notice_absence(&clock->subject, away, why, text, sizeof text);
	log_warning("%s", text);
	if (away > clock->config->max_latency)
		roads_announce(clock->roads, text);
}

static void attend(struct clock *clock, nsec now)
{
	nsec away = attention_turn(&clock->attention, signal_arrived(SIGCONT), now, clock_boot());

	if (away == 0)
		return;
	hand_forgive(clock->ear, away);
	if (clock->pager != NULL)
		hand_forgive(clock->pager, away);
	if (away > clock->attention.tick)
		absence_tell(clock, away, "was stopped, or its machine was,");
}

static struct telling telling_now(const struct clock *clock, nsec now)
{
	return (struct telling){.attention = attention_at(&clock->attention, now),
		.monotonic = now,
		.boot = clock_boot(),
		.wall = clock_wall()};
}

/* Everything that is due, once. What was heard is taken in before it is judged. */
static void clock_turn(struct clock *clock)
{
	nsec now = clock_monotonic();

	attend(clock, now);
	hand_listen(clock, clock->ear, now);
	hand_listen(clock, clock->pager, now);
	struct telling telling = telling_now(clock, now);
	teller_judge(&clock->teller, &telling);
	ear_tick(clock, now);
	pager_tick(clock, now);
	children_reap(clock);
	command_turn(clock, now);
	roads_deliver(
		clock->roads, &(struct carriers){clock->ear, clock->pager, clock->command}, now);
	past_tick(&clock->past, &telling);
	if (beat_due(clock->beat, now))
		hand_say(clock->pager, WORD_BEAT, NO_FIELDS);
	if (watchdog_due(&clock->watchdog, hands_progress(clock, now), now))
		ready_notify("WATCHDOG=1");
	if (signal_arrived(SIGHUP))
		log_info("SIGHUP changes nothing: the configuration is read at the start");
}

static bool told_to_stop(void)
{
	return signal_arrived(SIGTERM) || signal_arrived(SIGINT);
}

/* What it still says on its way out is not looked at. */
static void hand_drain(struct hand *hand)
{
	struct message ignored;

	if (hand == NULL)
		return;
	hand_exchange(hand);
	while (hand_next(hand, &ignored, clock_monotonic()))
		continue;
}

static void clock_leave(struct clock *clock)
{
	nsec limit = clock_monotonic() + STOPPING;
	int untold = roads_untold(clock->roads);
	bool written = false;

	ready_notify("STOPPING=1");
	if (untold > 0)
		log_warning("stopping, with %d untold", untold);
	hand_dismiss(clock->ear);
	if (clock->pager != NULL)
		hand_dismiss(clock->pager);
	while ((children_reap(clock) || !written) && clock_monotonic() < limit) {
		struct telling now = telling_now(clock, clock_monotonic());

		/* what the hands still did is in it; a disk that hangs is not waited for */
		command_turn(clock, now.monotonic);
		written = written || past_write(&clock->past, &now);
		hand_drain(clock->ear);
		hand_drain(clock->pager);
		clock_wait(clock, limit);
	}
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

static void watch_begin(struct clock *clock, nsec now)
{
	struct watch_rules rules = {.max_latency = clock->config->max_latency,
		.repeat_interval = clock->config->repeat_interval,
		.repeat_max = clock->config->repeat_max};

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++)
		rules.awaited[kind] = match_awaits(&clock->match, kind);
	attention_begin(&clock->attention, clock->pace.alive, now, clock_boot());
	clock->watch = watch_new(&rules, now);
}

static void hands_begin(struct clock *clock, const struct program *program, uint64_t seed)
{
	clock->ear = hand_new("ear", program, &clock->pace, (uint32_t)(seed >> 32));
	if (clock->config->heartbeat_url != NULL)
		clock->beat = beat_new(&clock->config->rooms, clock->config->heartbeat_interval);
	if (clock->config->pagerduty_contact != NULL || clock->config->heartbeat_url != NULL)
		clock->pager = hand_new("pager", program, &clock->pace, (uint32_t)seed);
}

static void past_take(struct clock *clock)
{
	struct telling now = telling_now(clock, clock_monotonic());
	nsec away = past_begin(
		&clock->past, clock->config->state_file, &clock->teller, clock->pace.record, &now);

	if (away > clock->config->max_latency)
		absence_tell(clock, away, "was not running");
}

static void clock_begin(
	struct clock *clock, const struct config *config, const struct program *program)
{
	nsec now = clock_monotonic();
	uint64_t seed = (uint64_t)now;

	/* nobody must guess it, but nothing breaks if somebody does */
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0)
		log_debug("no random numbers yet");
	gethostname(clock->host, sizeof clock->host - 1);
	clock->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (clock->timer < 0)
		die(EX_OSERR, "no timer: %s", strerror(errno));
	clock->config = config;
	clock->pace = pace_of(config->max_latency);
	clock->subject = (struct subject){clock->host, config->watched_check,
		config->watched_entity, config->max_latency, config->incident_key};
	match_begin(&clock->match, config);
	watch_begin(clock, now);
	clock->rooms = rooms_new(config, 2 * (clock->pace.ping + clock->pace.answer), now);
	clock->roads = roads_new(config, &clock->subject, &clock->pace, seed);
	if (config->alert_command != NULL)
		clock->command = command_new(config->alert_command);
	clock->teller = (struct teller){.subject = &clock->subject,
		.watch = clock->watch,
		.roads = clock->roads,
		.rooms = clock->rooms};
	hands_begin(clock, program, seed);
	clock->watchdog =
		watchdog_of(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), (int64_t)getpid());
	past_take(clock);
}

static void clock_end(struct clock *clock)
{
	beat_free(clock->beat);
	command_free(clock->command);
	hand_free(clock->pager);
	hand_free(clock->ear);
	roads_free(clock->roads);
	rooms_free(clock->rooms);
	watch_free(clock->watch);
	match_free(&clock->match);
	close(clock->timer);
}

static void clock_announce(const struct clock *clock, int ready_fd)
{
	char name[NOTICE_KEY], span[DURATION_TEXT];

	log_info("watching for %s in %d room%s; silence of %s for %s is told",
		subject_name(&clock->subject, name, sizeof name), clock->config->watch_rooms.count,
		clock->config->watch_rooms.count == 1 ? "" : "s",
		clock->config->heartbeat_pattern != NULL ? "it" : "either kind",
		duration_text(clock->config->max_latency, span));
	if (clock->config->pagerduty_contact == NULL && clock->config->alert_command == NULL)
		log_warning(
			"without pagerduty_contact or alert_command nobody is told outside the rooms");
	ready_announce(ready_fd);
}

void clock_run(const struct config *config, const struct program *program, int ready_fd)
{
	struct clock clock = {.config = NULL};

	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD}, 4);
	clock_begin(&clock, config, program);
	clock_announce(&clock, ready_fd);
	while (!told_to_stop()) {
		clock_turn(&clock);
		clock_wait(&clock, clock_deadline(&clock, clock_monotonic()));
	}
	clock_leave(&clock);
	clock_end(&clock);
}

void clock_idle(int ready_fd)
{
	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP}, 3);
	log_info("disabled (enabled = no): idle");
	ready_announce(ready_fd);
	while (!told_to_stop())
		signals_poll(NULL, 0, NULL);
}
