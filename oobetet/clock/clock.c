/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/clock.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/ready.h"
#include "common/signals.h"
#include "oobetet/clock/beat.h"
#include "oobetet/clock/hand.h"
#include "oobetet/clock/teller.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define READS_MOST 64 /* of 64 KiB in a row: a hand that floods us must not stop the clock */
#define STOPPING (1500 * NSEC_PER_MSEC) /* how long the hands may take to leave */

struct clock {
	const struct config *config;
	struct pace pace;
	char host[HOST_NAME_MAX + 1];
	struct subject subject;
	struct match match;
	struct watch *watch;
	struct roads *roads;
	struct teller teller;
	struct hand *ear;
	struct hand *pager; /* NULL: neither PagerDuty nor heartbeat_url is configured */
	struct beat *beat;  /* NULL: no heartbeat_url */
};

/* ---- what the hands say ---- */

static void heard_take(struct clock *clock, char *const field[])
{
	nsec stamp, now = clock_monotonic();
	enum kind kind = match_body(&clock->match, field[3]);

	if (kind == KIND_NONE || !message_nsec(field[0], &stamp))
		return;
	log_debug("%s from %s in %s", kind_name(kind), field[2], field[1]);
	watch_hear(clock->watch, kind, stamp < now ? stamp : now);
}

static void message_take(struct clock *clock, const struct message *message, nsec now)
{
	char *const *field = message->field;

	switch (message->word) {
	case WORD_HEARD:
		heard_take(clock, field);
		break;
	case WORD_JOINED:
		beat_joined(clock->beat, field[0]);
		roads_room_opened(clock->roads, field[0], field[1]);
		break;
	case WORD_LEFT:
		beat_left(clock->beat, field[0]);
		roads_room_closed(clock->roads, field[0], field[1], now);
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

static void ear_tick(struct clock *clock, nsec now)
{
	enum hand_news news;

	while ((news = hand_tick(clock->ear, now)) != HAND_NO_NEWS) {
		if (news == HAND_STARTED) {
			hand_begin(clock, clock->ear, CONFIG_EAR);
		} else {
			beat_lost(clock->beat);
			roads_ear_lost(clock->roads, hand_why(clock->ear), now);
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
			roads_pager_lost(clock->roads, hand_why(clock->pager), now);
		}
	}
}

/*
 * Whatever ended. A hand's end is noticed at its socket; here only what a signal did is said.
 * True: there are others, which have not ended.
 */
static bool children_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
			log_warning("process %d was ended by signal %d (%s)", (int)pid,
				WTERMSIG(status), strsignal(WTERMSIG(status)));
	return pid == 0;
}

/* ---- the loop ---- */

static nsec clock_deadline(const struct clock *clock)
{
	nsec hands = nsec_earlier(hand_deadline(clock->ear),
		clock->pager != NULL ? hand_deadline(clock->pager) : NSEC_NEVER);

	return nsec_earlier(nsec_earlier(hands, beat_deadline(clock->beat)),
		nsec_earlier(watch_deadline(clock->watch), roads_deadline(clock->roads)));
}

static void clock_wait(const struct clock *clock, nsec deadline)
{
	struct timespec left;
	struct pollfd fds[] = {
		hand_poll(clock->ear),
		clock->pager != NULL ? hand_poll(clock->pager) : (struct pollfd){.fd = -1},
	};

	ppoll(fds, 2, clock_timeout(clock_monotonic(), deadline, &left), signals_wait_mask());
}

/* Everything that is due, once. What was heard is taken in before it is judged. */
static void clock_turn(struct clock *clock)
{
	nsec now = clock_monotonic();

	hand_listen(clock, clock->ear, now);
	hand_listen(clock, clock->pager, now);
	teller_judge(&clock->teller, now);
	ear_tick(clock, now);
	pager_tick(clock, now);
	roads_deliver(clock->roads, clock->ear, clock->pager, now);
	if (beat_due(clock->beat, now))
		hand_say(clock->pager, WORD_BEAT, NO_FIELDS);
	children_reap();
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

	ready_notify("STOPPING=1");
	if (untold > 0)
		log_warning("stopping, with %d untold", untold);
	hand_dismiss(clock->ear);
	if (clock->pager != NULL)
		hand_dismiss(clock->pager);
	while (children_reap() && clock_monotonic() < limit) {
		hand_drain(clock->ear);
		hand_drain(clock->pager);
		clock_wait(clock, limit);
	}
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
	clock->config = config;
	clock->pace = pace_of(config->max_latency);
	clock->match = (struct match){config->watched_check, config->watched_entity};
	clock->subject = (struct subject){
		clock->host, config->watched_check, config->watched_entity, config->max_latency};
	clock->watch = watch_new(config->max_latency, config->repeat_interval, now);
	clock->roads = roads_new(config, &clock->subject, &clock->pace, seed, now);
	clock->teller = (struct teller){&clock->subject, clock->watch, clock->roads, 0};
	clock->ear = hand_new("ear", program, &clock->pace, (uint32_t)(seed >> 32));
	if (config->heartbeat_url != NULL)
		clock->beat = beat_new(&config->rooms, config->heartbeat_interval);
	if (config->pagerduty_contact != NULL || config->heartbeat_url != NULL)
		clock->pager = hand_new("pager", program, &clock->pace, (uint32_t)seed);
}

static void clock_end(struct clock *clock)
{
	beat_free(clock->beat);
	hand_free(clock->pager);
	hand_free(clock->ear);
	roads_free(clock->roads);
	watch_free(clock->watch);
}

static void clock_announce(const struct clock *clock, int ready_fd)
{
	char name[NOTICE_KEY], span[DURATION_TEXT];

	log_info("watching for %s in %d room%s; silence of either kind for %s is told",
		subject_name(&clock->subject, name, sizeof name), clock->config->rooms.count,
		clock->config->rooms.count == 1 ? "" : "s",
		duration_text(clock->config->max_latency, span));
	if (clock->config->pagerduty_contact == NULL)
		log_warning("without pagerduty_contact nobody is told outside the rooms");
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
		clock_wait(&clock, clock_deadline(&clock));
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
		ppoll(NULL, 0, NULL, signals_wait_mask());
}
