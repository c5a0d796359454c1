/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/carriers.h"

#include "common/log.h"

#include <string.h>
#include <sys/wait.h>

#define READS_MOST 64 /* of 64 KiB in a row: a hand that floods us must not stop the clock */

void carriers_begin(struct carriers *carriers, const struct config *config,
	const struct program *program, const struct pace *pace, bool pager, uint64_t seed)
{
	*carriers = (struct carriers){.config = config};
	carriers->ear = hand_new(SPEAKER_EAR, program, pace, (uint32_t)(seed >> 32));
	if (pager)
		carriers->pager = hand_new(SPEAKER_PAGER, program, pace, (uint32_t)seed);
	if (config->alert_command != NULL)
		carriers->command = command_new(config->alert_command);
}

void carriers_end(struct carriers *carriers)
{
	command_free(carriers->command);
	hand_free(carriers->pager);
	hand_free(carriers->ear);
}

/* ---- started and lost ---- */

static void configuration_give(void *user, const char *key, const char *value)
{
	hand_say(user, WORD_CONFIG, FIELDS(key, value));
}

static void hand_configure(struct hand *hand, const struct config *config, unsigned whom)
{
	char attempt[MESSAGE_NUMBER];

	config_hand_over(config, whom, configuration_give, hand);
	/* --debug may have made it another than the file's; above it the hands say nothing */
	configuration_give(hand, "level", log_enabled(LOG_LEVEL_DEBUG) ? "DEBUG" : "INFO");
	hand_say(hand, WORD_GO, FIELDS(message_number_text(hand_attempt(hand), attempt)));
}

enum carriers_news carriers_tick(struct carriers *carriers, nsec now)
{
	enum hand_news news = hand_tick(carriers->ear, now);

	if (news == HAND_STARTED)
		hand_configure(carriers->ear, carriers->config, CONFIG_EAR);
	if (news != HAND_NO_NEWS)
		return news == HAND_STARTED ? CARRIERS_EAR_STARTED : CARRIERS_EAR_LOST;

	news = carriers->pager != NULL ? hand_tick(carriers->pager, now) : HAND_NO_NEWS;
	if (news == HAND_STARTED)
		hand_configure(carriers->pager, carriers->config, CONFIG_PAGER);
	if (news != HAND_NO_NEWS)
		return news == HAND_STARTED ? CARRIERS_PAGER_STARTED : CARRIERS_PAGER_LOST;
	return CARRIERS_NO_NEWS;
}

void carriers_forgive(struct carriers *carriers, nsec away)
{
	hand_forgive(carriers->ear, away);
	if (carriers->pager != NULL)
		hand_forgive(carriers->pager, away);
}

bool carriers_progress(const struct carriers *carriers, nsec now)
{
	return hand_progresses(carriers->ear, now) &&
	       (carriers->pager == NULL || hand_progresses(carriers->pager, now));
}

/* ---- heard ---- */

static void hand_listen(struct hand *hand, message_taker *take, void *user, nsec now)
{
	struct message message;
	bool more = hand != NULL;

	for (int i = 0; more && i < READS_MOST; i++) {
		more = hand_exchange(hand);
		while (hand_next(hand, &message, now))
			take(user, &message, now);
	}
}

void carriers_listen(struct carriers *carriers, message_taker *take, void *user, nsec now)
{
	hand_listen(carriers->ear, take, user, now);
	hand_listen(carriers->pager, take, user, now);
}

void carriers_poll(const struct carriers *carriers, struct pollfd fds[CARRIERS_POLLED])
{
	fds[0] = hand_poll(carriers->ear);
	fds[1] = carriers->pager != NULL ? hand_poll(carriers->pager) : (struct pollfd){.fd = -1};
	fds[2] = command_poll(carriers->command);
}

nsec carriers_deadline(const struct carriers *carriers)
{
	nsec hands = hand_deadline(carriers->ear);

	if (carriers->pager != NULL)
		hands = nsec_earlier(hands, hand_deadline(carriers->pager));
	return nsec_earlier(hands, command_deadline(carriers->command));
}

/* ---- ended ---- */

void carriers_dismiss(struct carriers *carriers)
{
	hand_dismiss(carriers->ear);
	if (carriers->pager != NULL)
		hand_dismiss(carriers->pager);
}

/* A hand's end is noticed at its socket; here only what a signal did is said. */
static void hand_ended(const struct carriers *carriers, pid_t pid, int status)
{
	hand_reaped(carriers->ear, pid);
	if (carriers->pager != NULL)
		hand_reaped(carriers->pager, pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		log_warning("process %d was ended by signal %d (%s)", (int)pid, WTERMSIG(status),
			strsignal(WTERMSIG(status)));
}

bool carriers_reap(struct carriers *carriers, child_taker *other, void *user)
{
	int status;
	pid_t pid;

	/* those of our own process group: all but the command */
	while ((pid = waitpid(0, &status, WNOHANG)) > 0)
		if (other == NULL || !other(user, pid, status))
			hand_ended(carriers, pid, status);
	return command_runs(carriers->command) || pid == 0;
}
