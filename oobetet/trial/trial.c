/* SPDX-License-Identifier: MIT */
#include "oobetet/trial/trial.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/signals.h"
#include "oobetet/clock/command.h"
#include "oobetet/clock/hand.h"
#include "oobetet/clock/notice.h"
#include "oobetet/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define WHY 300    /* bytes of a reason */
#define TEXT 512   /* bytes of the test */
#define ID 64      /* bytes of an id */
#define FAILURES 4 /* then it is given up: three nicks may be taken before the fourth is ours */
#define LEAVING (1500 * NSEC_PER_MSEC)

struct road {
	const char *name;
	bool over, arrived;
	int failures;
	char id[ID];   /* of what was told last; "": nothing was */
	char why[WHY]; /* why it did not arrive so far */
};

struct trial {
	const struct config *config;
	struct pace pace;
	char host[HOST_NAME_MAX + 1];
	char stamp[40];
	char key[TEXT];  /* PagerDuty's incident */
	char text[TEXT]; /* what is told */
	uint64_t seed;
	int told; /* numbers the ids */
	struct hand *ear;
	struct hand *pager;      /* NULL: there is no PagerDuty */
	struct command *command; /* NULL: there is no alert_command */
	struct road *roads;      /* the rooms, then PagerDuty, then the command */
	int rooms, count;
};

/* ---- roads ---- */

static struct road *pagerduty(struct trial *trial)
{
	return trial->pager != NULL ? &trial->roads[trial->rooms] : NULL;
}

static struct road *room_named(struct trial *trial, const char *name)
{
	for (int i = 0; i < trial->rooms; i++)
		if (strcasecmp(trial->roads[i].name, name) == 0)
			return &trial->roads[i];
	return NULL;
}

static struct road *road_with(struct trial *trial, const char *id)
{
	for (int i = 0; i < trial->count; i++)
		if (strcmp(trial->roads[i].id, id) == 0)
			return &trial->roads[i];
	return NULL;
}

/* Why not, so far; it may still arrive. */
static void road_fails(struct road *road, const char *why)
{
	if (road == NULL || road->over)
		return;
	if (strcmp(road->why, why) != 0)
		log_warning("%s: %s", road->name, why);
	text_clean_line(why, road->why, sizeof road->why);
	road->id[0] = '\0';
	road->over = ++road->failures == FAILURES;
}

static const char *id_new(struct trial *trial, struct road *road)
{
	snprintf(road->id, sizeof road->id, PROTOCOL_ID "%016" PRIx64 "-%d", trial->seed,
		++trial->told);
	return road->id;
}

static void room_tell(struct trial *trial, struct road *road)
{
	if (road != NULL && !road->over)
		hand_say(
			trial->ear, WORD_SAY, FIELDS(id_new(trial, road), road->name, trial->text));
}

static void page(struct trial *trial)
{
	struct road *road = pagerduty(trial);

	if (!road->over)
		hand_say(trial->pager, WORD_TRIGGER,
			FIELDS(id_new(trial, road), trial->key, trial->stamp, trial->host, "test",
				trial->text));
}

static void command_begin(struct trial *trial)
{
	const struct subject subject = {
		.check = trial->config->watched_check, .entity = trial->config->watched_entity};
	char name[NOTICE_KEY];

	if (trial->command == NULL)
		return;
	const struct errand errand = {.id = id_new(trial, &trial->roads[trial->count - 1]),
		.event = "test",
		.watch = subject_name(&subject, name, sizeof name),
		.breach = "",
		.since = trial->stamp,
		.key = trial->key,
		.host = trial->host,
		.text = trial->text};
	command_start(trial->command, &errand, clock_monotonic());
}

/* ---- answers ---- */

/* What was opened at PagerDuty is closed again. */
static void road_has_it(struct trial *trial, struct road *road)
{
	if (road == pagerduty(trial) && !road->arrived)
		hand_say(trial->pager, WORD_RESOLVE, FIELDS(id_new(trial, road), trial->key));
	else
		road->over = true;
	road->arrived = true;
}

static void message_take(struct trial *trial, const struct message *message)
{
	char *const *field = message->field;
	struct road *road = road_with(trial, field[0] != NULL ? field[0] : "-");

	if (message->word == WORD_JOINED)
		room_tell(trial, room_named(trial, field[0]));
	else if (message->word == WORD_LEFT)
		road_fails(room_named(trial, field[0]), field[1]);
	else if (road == NULL)
		return;
	else if (message->word == WORD_DONE)
		road_has_it(trial, road);
	else if (message->word == WORD_FAILED || message->word == WORD_REFUSED) {
		road_fails(road, field[1]);
		road->over = true;
		road->arrived = false;
	}
}

static void hand_listen(struct trial *trial, struct hand *hand, nsec now)
{
	struct message message;

	if (hand == NULL)
		return;
	hand_exchange(hand);
	while (hand_next(hand, &message, now))
		message_take(trial, &message);
	hand_exchange(hand);
}

/* ---- hands ---- */

static void configuration_give(void *user, const char *key, const char *value)
{
	hand_say(user, WORD_CONFIG, FIELDS(key, value));
}

static void hand_begin(const struct trial *trial, struct hand *hand, unsigned whom)
{
	config_hand_over(trial->config, whom, configuration_give, hand);
	configuration_give(hand, "level", log_enabled(LOG_LEVEL_DEBUG) ? "DEBUG" : "INFO");
	hand_say(hand, WORD_GO, NO_FIELDS);
}

static void ear_tick(struct trial *trial, nsec now)
{
	enum hand_news news;

	while ((news = hand_tick(trial->ear, now)) != HAND_NO_NEWS) {
		if (news == HAND_STARTED)
			hand_begin(trial, trial->ear, CONFIG_EAR);
		for (int i = 0; news == HAND_LOST && i < trial->rooms; i++)
			road_fails(&trial->roads[i], hand_why(trial->ear));
	}
}

static void pager_tick(struct trial *trial, nsec now)
{
	enum hand_news news;

	while (trial->pager != NULL && (news = hand_tick(trial->pager, now)) != HAND_NO_NEWS) {
		if (news == HAND_STARTED) {
			hand_begin(trial, trial->pager, CONFIG_PAGER);
			page(trial);
		} else {
			road_fails(pagerduty(trial), hand_why(trial->pager));
		}
	}
}

static void command_turn(struct trial *trial, nsec now)
{
	struct outcome outcome;

	if (!command_tick(trial->command, now, &outcome))
		return;
	struct road *road = &trial->roads[trial->count - 1];
	road->over = road->arrived = outcome.answer == ANSWER_DONE;
	if (!road->arrived) {
		road_fails(road, outcome.why);
		road->over = true;
	}
}

/* True: there are others, which have not ended. */
static bool children_reap(struct trial *trial)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		command_ended(trial->command, pid, status);
	return pid == 0;
}

/* ---- its life ---- */

static void trial_wait(const struct trial *trial, nsec deadline)
{
	struct timespec left;
	struct pollfd fds[] = {
		hand_poll(trial->ear),
		trial->pager != NULL ? hand_poll(trial->pager) : (struct pollfd){.fd = -1},
		command_poll(trial->command),
	};

	signals_poll(
		fds, sizeof fds / sizeof fds[0], clock_timeout(clock_monotonic(), deadline, &left));
}

static bool trial_goes_on(const struct trial *trial, nsec limit)
{
	if (signal_arrived(SIGTERM) || signal_arrived(SIGINT) || clock_monotonic() >= limit)
		return false;
	for (int i = 0; i < trial->count; i++)
		if (!trial->roads[i].over)
			return true;
	return false;
}

static void trial_hold(struct trial *trial)
{
	nsec begin = clock_monotonic();
	nsec limit = begin + trial->pace.login + 2 * trial->pace.request;

	if (trial->command != NULL && limit < begin + COMMAND_LIMIT + NSEC_PER_SEC)
		limit = begin + COMMAND_LIMIT + NSEC_PER_SEC;
	command_begin(trial);
	while (trial_goes_on(trial, limit)) {
		nsec now = clock_monotonic();

		hand_listen(trial, trial->ear, now);
		hand_listen(trial, trial->pager, now);
		ear_tick(trial, now);
		pager_tick(trial, now);
		children_reap(trial);
		command_turn(trial, now);
		nsec hands = nsec_earlier(hand_deadline(trial->ear),
			trial->pager != NULL ? hand_deadline(trial->pager) : NSEC_NEVER);
		hands = nsec_earlier(hands, command_deadline(trial->command));
		trial_wait(trial, nsec_earlier(hands, limit));
	}
}

static void trial_leave(struct trial *trial)
{
	nsec limit = clock_monotonic() + LEAVING;

	hand_dismiss(trial->ear);
	if (trial->pager != NULL)
		hand_dismiss(trial->pager);
	command_free(trial->command);
	trial->command = NULL;
	while (children_reap(trial) && clock_monotonic() < limit) {
		hand_listen(trial, trial->ear, clock_monotonic());
		hand_listen(trial, trial->pager, clock_monotonic());
		trial_wait(trial, limit);
	}
	hand_free(trial->pager);
	hand_free(trial->ear);
}

static void trial_begin(
	struct trial *trial, const struct config *config, const struct program *program)
{
	char stamp[40], text[2 * TEXT];

	trial->config = config;
	trial->pace = pace_of(config->max_latency);
	trial->seed = (uint64_t)clock_monotonic();
	if (getrandom(&trial->seed, sizeof trial->seed, GRND_NONBLOCK) < 0)
		log_debug("no random numbers yet");
	gethostname(trial->host, sizeof trial->host - 1);
	time_t now = (time_t)(clock_wall() / NSEC_PER_SEC);
	struct tm utc = {.tm_year = 70};
	gmtime_r(&now, &utc);
	strftime(trial->stamp, sizeof trial->stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
	snprintf(text, sizeof text,
		"TEST by oobetet on %s at %s: nothing is wrong, this is how an alarm would come",
		trial->host, clock_stamp(clock_wall(), stamp, sizeof stamp));
	text_clean_line(text, trial->text, sizeof trial->text);
	snprintf(text, sizeof text, "TEST by oobetet on %s, %s", trial->host, trial->stamp);
	text_clean_line(text, trial->key, sizeof trial->key);
	trial->ear = hand_new("ear", program, &trial->pace, (uint32_t)trial->seed);
	if (config->pagerduty_contact != NULL)
		trial->pager = hand_new("pager", program, &trial->pace, (uint32_t)trial->seed + 1);
	if (config->alert_command != NULL)
		trial->command = command_new(config->alert_command);
}

static void roads_begin(struct trial *trial)
{
	const struct text_list *rooms = &trial->config->alert_rooms;

	trial->rooms = rooms->count;
	trial->count =
		trial->rooms + (trial->pager != NULL ? 1 : 0) + (trial->command != NULL ? 1 : 0);
	trial->roads = memory_zeroed((size_t)trial->count, sizeof *trial->roads);
	for (int i = 0; i < trial->count; i++)
		trial->roads[i].name = i < rooms->count ? rooms->item[i] : "PagerDuty";
	if (trial->command != NULL)
		trial->roads[trial->count - 1].name = "alert_command";
}

static bool trial_report(const struct trial *trial)
{
	bool all = true;

	for (int i = 0; i < trial->count; i++) {
		const struct road *road = &trial->roads[i];
		bool arrived = road->over && road->arrived;

		all = all && arrived;
		printf("%s: %s%s\n", road->name, arrived ? "arrived" : "did not arrive: ",
			arrived                ? ""
			: road->why[0] != '\0' ? road->why
					       : "nobody answered in time");
	}
	return all;
}

bool trial_run(const struct config *config, const struct program *program)
{
	struct trial trial = {.config = NULL};

	signals_catch((const int[]){SIGTERM, SIGINT, SIGCHLD}, 3);
	trial_begin(&trial, config, program);
	roads_begin(&trial);
	trial_hold(&trial);
	trial_leave(&trial);
	bool all = trial_report(&trial);
	free(trial.roads);
	return all;
}
