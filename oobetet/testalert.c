/* SPDX-License-Identifier: MIT */
#include "oobetet/testalert.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/signals.h"
#include "common/utf8.h"
#include "oobetet/channel/channels.h"
#include "oobetet/ipc.h"
#include "oobetet/workers.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define LEAVING (1500 * NSEC_PER_MSEC)

struct trial {
	bool create_rooms;
	bool created; /* one that should have been there */
	struct timing timing;
	char host[HOST_NAME_MAX + 1];
	struct target target;
	struct notification test;
	struct notification end; /* closes what PagerDuty has opened with the test */
	bool opened;             /* it has: what is left to tell it is the end */
	struct workers workers;
	struct attempts attempts;
};

/* ---- told ---- */

static void room_tell(struct trial *trial, struct attempt *room)
{
	if (room != NULL && !room->over)
		send_to_room(trial->workers.xmpp, room->channel, trial->test.text,
			attempt_id(&trial->attempts, room));
}

static void pagerduty_tell(struct trial *trial)
{
	struct attempt *pagerduty = trial->attempts.pagerduty;

	if (!pagerduty->over)
		send_to_pagerduty(trial->workers.http, &trial->target,
			trial->opened ? &trial->end : &trial->test,
			attempt_id(&trial->attempts, pagerduty));
}

static void command_begin(struct trial *trial)
{
	struct attempt *command = trial->attempts.command;

	if (command != NULL)
		send_to_command(trial->workers.command, &trial->target, &trial->test,
			attempt_id(&trial->attempts, command), clock_monotonic());
}

/* ---- answered ---- */

static void attempt_answered(struct trial *trial, struct attempt *attempt)
{
	if (attempt == trial->attempts.pagerduty && !trial->opened) {
		trial->opened = true;
		pagerduty_tell(trial);
	} else {
		attempt_arrives(attempt);
	}
}

/* In a mistyped room a test arrives as well, and nobody reads it. */
static void room_created(struct trial *trial, const char *room)
{
	static const char why[] = "the room did not exist; it was created";
	struct attempt *attempt = attempts_of_room(&trial->attempts, room);

	if (trial->create_rooms || attempt == NULL)
		log_warning("%s: %s", room, why);
	if (trial->create_rooms)
		return;
	trial->created = true;
	if (attempt != NULL)
		attempt_ends(attempt, why);
}

/* Of what another has carried a hand has nothing to say. */
static bool may_answer(const struct trial *trial, const struct attempt *attempt, enum speaker from)
{
	if (attempt == trial->attempts.command)
		return false;
	return (attempt == trial->attempts.pagerduty) == (from == SPEAKER_HTTP);
}

static void message_take(void *user, const struct message *message, nsec now)
{
	struct trial *trial = user;
	char *const *field = message->field;
	struct attempt *attempt =
		attempts_with_id(&trial->attempts, field[0] != NULL ? field[0] : "-");

	(void)now;
	if (message->type == MESSAGE_CREATED)
		room_created(trial, field[0]);
	else if (message->type == MESSAGE_JOINED)
		room_tell(trial, attempts_of_room(&trial->attempts, field[0]));
	else if (message->type == MESSAGE_LEFT)
		attempt_fails(attempts_of_room(&trial->attempts, field[0]), field[1]);
	else if (attempt == NULL || !may_answer(trial, attempt, message->from))
		return;
	else if (message->type == MESSAGE_DONE)
		attempt_answered(trial, attempt);
	else if (message->type == MESSAGE_FAILED || message->type == MESSAGE_REFUSED)
		attempt_ends(attempt, field[1]);
}

static void xmpp_worker_lost(struct trial *trial)
{
	for (int i = 0; i < trial->attempts.rooms; i++)
		attempt_fails(&trial->attempts.all[i], worker_why(trial->workers.xmpp));
}

static void workers_turn(struct trial *trial, nsec now)
{
	enum workers_news news;

	while ((news = workers_tick(&trial->workers, now)) != WORKERS_NO_NEWS) {
		if (news == WORKERS_XMPP_LOST)
			xmpp_worker_lost(trial);
		else if (news == WORKERS_HTTP_STARTED)
			pagerduty_tell(trial);
		else if (news == WORKERS_HTTP_LOST)
			attempt_fails(trial->attempts.pagerduty, worker_why(trial->workers.http));
	}
}

static void command_turn(struct trial *trial, nsec now)
{
	struct outcome outcome;

	if (!command_tick(trial->workers.command, now, &outcome))
		return;
	if (outcome.answer == ANSWER_DONE)
		attempt_arrives(trial->attempts.command);
	else
		attempt_ends(trial->attempts.command, outcome.why);
}

/* ---- its life ---- */

static void test_alert_begin(
	struct trial *trial, const struct config *config, const struct selfexec *selfexec)
{
	uint64_t seed = random_seed();

	gethostname(trial->host, sizeof trial->host - 1);
	trial->timing = timing_of(config->max_latency);
	trial->target = (struct target){.host = trial->host,
		.check = config->watched_check,
		.entity = config->watched_entity};
	notification_test(&trial->test, &trial->target, clock_wall());
	trial->end = trial->test;
	trial->end.kind = NOTIFICATION_OK;
	attempts_begin(&trial->attempts, config, seed);
	workers_begin(&trial->workers, config, selfexec, &trial->timing,
		trial->attempts.pagerduty != NULL, seed);
}

static void test_alert_wait(const struct trial *trial, nsec deadline)
{
	struct timespec left;
	struct pollfd fds[WORKERS_POLLED];

	workers_poll(&trial->workers, fds);
	signals_poll(fds, WORKERS_POLLED, clock_timeout(clock_monotonic(), deadline, &left));
}

static nsec test_alert_limit(const struct trial *trial)
{
	nsec soonest = trial->timing.login + 2 * trial->timing.request;
	nsec command = trial->attempts.command != NULL ? COMMAND_LIMIT + NSEC_PER_SEC : 0;

	return clock_monotonic() + (soonest > command ? soonest : command);
}

static bool told_to_stop(void)
{
	return signal_arrived(SIGTERM) || signal_arrived(SIGINT);
}

static void test_alert_hold(struct trial *trial)
{
	nsec limit = test_alert_limit(trial);
	nsec now;

	command_begin(trial);
	while (!told_to_stop() && (now = clock_monotonic()) < limit &&
		!attempts_are_over(&trial->attempts)) {
		workers_listen(&trial->workers, message_take, trial, now);
		workers_turn(trial, now);
		workers_reap(&trial->workers, NULL, NULL);
		command_turn(trial, now);
		test_alert_wait(trial, nsec_earlier(workers_deadline(&trial->workers), limit));
	}
}

/* What is still answered counts. */
static void test_alert_leave(struct trial *trial)
{
	nsec now, limit = clock_monotonic() + LEAVING;

	workers_shut_down(&trial->workers);
	command_free(trial->workers.command);
	trial->workers.command = NULL;
	while (workers_reap(&trial->workers, NULL, NULL) && (now = clock_monotonic()) < limit) {
		workers_listen(&trial->workers, message_take, trial, now);
		test_alert_wait(trial, limit);
	}
}

bool test_alert_run(const struct config *config, const struct selfexec *selfexec, bool create_rooms)
{
	struct trial trial = {.create_rooms = create_rooms};

	signals_catch((const int[]){SIGTERM, SIGINT, SIGCHLD}, 3);
	test_alert_begin(&trial, config, selfexec);
	test_alert_hold(&trial);
	test_alert_leave(&trial);
	if (trial.opened && !trial.attempts.pagerduty->arrived)
		log_warning(
			"PagerDuty: the test's incident is perhaps still open (\"%s\"): resolve "
			"it there",
			trial.test.key);
	bool all = attempts_report(&trial.attempts) && !trial.created;
	workers_end(&trial.workers);
	attempts_end(&trial.attempts);
	return all;
}

#define FAILURES 4 /* then it is given up: three nicks may be taken before the fourth is ours */

void attempts_begin(struct attempts *attempts, const struct config *config, uint64_t seed)
{
	const struct text_list *rooms = &config->alert_rooms;

	*attempts = (struct attempts){.seed = seed, .rooms = rooms->count, .count = rooms->count};
	attempts->all = memory_zeroed((size_t)rooms->count + 2, sizeof *attempts->all);
	for (int i = 0; i < rooms->count; i++)
		attempts->all[i].channel = rooms->item[i];
	if (config->pagerduty_contact != NULL) {
		attempts->pagerduty = &attempts->all[attempts->count++];
		attempts->pagerduty->channel = "PagerDuty";
	}
	if (config->alert_command != NULL) {
		attempts->command = &attempts->all[attempts->count++];
		attempts->command->channel = "alert_command";
	}
}

void attempts_end(struct attempts *attempts)
{
	free(attempts->all);
}

struct attempt *attempts_of_room(struct attempts *attempts, const char *room)
{
	for (int i = 0; i < attempts->rooms; i++)
		if (strcasecmp(attempts->all[i].channel, room) == 0)
			return &attempts->all[i];
	return NULL;
}

struct attempt *attempts_with_id(struct attempts *attempts, const char *id)
{
	for (int i = 0; i < attempts->count; i++)
		if (strcmp(attempts->all[i].id, id) == 0)
			return &attempts->all[i];
	return NULL;
}

const char *attempt_id(struct attempts *attempts, struct attempt *attempt)
{
	snprintf(attempt->id, sizeof attempt->id, IPC_ID "%016" PRIx64 "-%d", attempts->seed,
		++attempts->told);
	return attempt->id;
}

void attempt_fails(struct attempt *attempt, const char *why)
{
	if (attempt == NULL || attempt->over)
		return;
	if (strcmp(attempt->why, why) != 0)
		log_warning("%s: %s", attempt->channel, why);
	utf8_clean_line(why, attempt->why, sizeof attempt->why);
	attempt->id[0] = '\0';
	attempt->over = ++attempt->failures == FAILURES;
}

void attempt_arrives(struct attempt *attempt)
{
	attempt->over = attempt->arrived = true;
}

void attempt_ends(struct attempt *attempt, const char *why)
{
	attempt_fails(attempt, why);
	attempt->over = true;
	attempt->arrived = false;
}

bool attempts_are_over(const struct attempts *attempts)
{
	for (int i = 0; i < attempts->count; i++)
		if (!attempts->all[i].over)
			return false;
	return true;
}

bool attempts_report(const struct attempts *attempts)
{
	bool all = true;

	for (int i = 0; i < attempts->count; i++) {
		const struct attempt *attempt = &attempts->all[i];
		bool arrived = attempt->over && attempt->arrived;
		const char *why =
			attempt->why[0] != '\0' ? attempt->why : "nobody answered in time";

		all = all && arrived;
		printf("%s: %s%s\n", attempt->channel,
			arrived ? "arrived" : "did not arrive: ", arrived ? "" : why);
	}
	return all;
}
