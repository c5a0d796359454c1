/* SPDX-License-Identifier: MIT */
#include "oobetet/trial/trial.h"

#include "common/log.h"
#include "common/signals.h"
#include "oobetet/clock/carriers.h"
#include "oobetet/clock/carry.h"
#include "oobetet/seed.h"
#include "oobetet/trial/attempts.h"

#include <limits.h>
#include <unistd.h>

#define LEAVING (1500 * NSEC_PER_MSEC)

struct trial {
	bool create_rooms;
	bool created; /* one that should have been there */
	struct pace pace;
	char host[HOST_NAME_MAX + 1];
	struct subject subject;
	struct notice test;
	struct notice end; /* closes what PagerDuty has opened with the test */
	bool opened;       /* it has: what is left to tell it is the end */
	struct carriers carriers;
	struct attempts attempts;
};

/* ---- told ---- */

static void room_tell(struct trial *trial, struct attempt *room)
{
	if (room != NULL && !room->over)
		carry_to_room(trial->carriers.ear, room->road, trial->test.text,
			attempt_id(&trial->attempts, room));
}

static void pagerduty_tell(struct trial *trial)
{
	struct attempt *pagerduty = trial->attempts.pagerduty;

	if (!pagerduty->over)
		carry_to_pagerduty(trial->carriers.pager, &trial->subject,
			trial->opened ? &trial->end : &trial->test,
			attempt_id(&trial->attempts, pagerduty));
}

static void command_begin(struct trial *trial)
{
	struct attempt *command = trial->attempts.command;

	if (command != NULL)
		carry_to_command(trial->carriers.command, &trial->subject, &trial->test,
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
	return (attempt == trial->attempts.pagerduty) == (from == SPEAKER_PAGER);
}

static void message_take(void *user, const struct message *message, nsec now)
{
	struct trial *trial = user;
	char *const *field = message->field;
	struct attempt *attempt =
		attempts_with_id(&trial->attempts, field[0] != NULL ? field[0] : "-");

	(void)now;
	if (message->word == WORD_CREATED)
		room_created(trial, field[0]);
	else if (message->word == WORD_JOINED)
		room_tell(trial, attempts_of_room(&trial->attempts, field[0]));
	else if (message->word == WORD_LEFT)
		attempt_fails(attempts_of_room(&trial->attempts, field[0]), field[1]);
	else if (attempt == NULL || !may_answer(trial, attempt, message->from))
		return;
	else if (message->word == WORD_DONE)
		attempt_answered(trial, attempt);
	else if (message->word == WORD_FAILED || message->word == WORD_REFUSED)
		attempt_ends(attempt, field[1]);
}

static void ear_lost(struct trial *trial)
{
	for (int i = 0; i < trial->attempts.rooms; i++)
		attempt_fails(&trial->attempts.all[i], hand_why(trial->carriers.ear));
}

static void carriers_turn(struct trial *trial, nsec now)
{
	enum carriers_news news;

	while ((news = carriers_tick(&trial->carriers, now)) != CARRIERS_NO_NEWS) {
		if (news == CARRIERS_EAR_LOST)
			ear_lost(trial);
		else if (news == CARRIERS_PAGER_STARTED)
			pagerduty_tell(trial);
		else if (news == CARRIERS_PAGER_LOST)
			attempt_fails(trial->attempts.pagerduty, hand_why(trial->carriers.pager));
	}
}

static void command_turn(struct trial *trial, nsec now)
{
	struct outcome outcome;

	if (!command_tick(trial->carriers.command, now, &outcome))
		return;
	if (outcome.answer == ANSWER_DONE)
		attempt_arrives(trial->attempts.command);
	else
		attempt_ends(trial->attempts.command, outcome.why);
}

/* ---- its life ---- */

static void trial_begin(
	struct trial *trial, const struct config *config, const struct program *program)
{
	uint64_t seed = seed_draw();

	gethostname(trial->host, sizeof trial->host - 1);
	trial->pace = pace_of(config->max_latency);
	trial->subject = (struct subject){.host = trial->host,
		.check = config->watched_check,
		.entity = config->watched_entity};
	notice_test(&trial->test, &trial->subject, clock_wall());
	trial->end = trial->test;
	trial->end.kind = NOTICE_OK;
	attempts_begin(&trial->attempts, config, seed);
	carriers_begin(&trial->carriers, config, program, &trial->pace,
		trial->attempts.pagerduty != NULL, seed);
}

static void trial_wait(const struct trial *trial, nsec deadline)
{
	struct timespec left;
	struct pollfd fds[CARRIERS_POLLED];

	carriers_poll(&trial->carriers, fds);
	signals_poll(fds, CARRIERS_POLLED, clock_timeout(clock_monotonic(), deadline, &left));
}

static nsec trial_limit(const struct trial *trial)
{
	nsec hands = trial->pace.login + 2 * trial->pace.request;
	nsec command = trial->attempts.command != NULL ? COMMAND_LIMIT + NSEC_PER_SEC : 0;

	return clock_monotonic() + (hands > command ? hands : command);
}

static bool told_to_stop(void)
{
	return signal_arrived(SIGTERM) || signal_arrived(SIGINT);
}

static void trial_hold(struct trial *trial)
{
	nsec limit = trial_limit(trial);
	nsec now;

	command_begin(trial);
	while (!told_to_stop() && (now = clock_monotonic()) < limit &&
		!attempts_are_over(&trial->attempts)) {
		carriers_listen(&trial->carriers, message_take, trial, now);
		carriers_turn(trial, now);
		carriers_reap(&trial->carriers, NULL, NULL);
		command_turn(trial, now);
		trial_wait(trial, nsec_earlier(carriers_deadline(&trial->carriers), limit));
	}
}

/* What is still answered counts. */
static void trial_leave(struct trial *trial)
{
	nsec now, limit = clock_monotonic() + LEAVING;

	carriers_dismiss(&trial->carriers);
	command_free(trial->carriers.command);
	trial->carriers.command = NULL;
	while (carriers_reap(&trial->carriers, NULL, NULL) && (now = clock_monotonic()) < limit) {
		carriers_listen(&trial->carriers, message_take, trial, now);
		trial_wait(trial, limit);
	}
}

bool trial_run(const struct config *config, const struct program *program, bool create_rooms)
{
	struct trial trial = {.create_rooms = create_rooms};

	signals_catch((const int[]){SIGTERM, SIGINT, SIGCHLD}, 3);
	trial_begin(&trial, config, program);
	trial_hold(&trial);
	trial_leave(&trial);
	if (trial.opened && !trial.attempts.pagerduty->arrived)
		log_warning(
			"PagerDuty: the test's incident is perhaps still open (\"%s\"): resolve "
			"it there",
			trial.test.key);
	bool all = attempts_report(&trial.attempts) && !trial.created;
	carriers_end(&trial.carriers);
	attempts_end(&trial.attempts);
	return all;
}
