/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/hand.h"

#include "common/backoff.h"
#include "common/duration.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"
#include "oobetet/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNSENT_MOST (256 * 1024) /* bytes that may wait for a hand which does not read */
#define WHY 300
#define TOLD 4 /* each of a server's addresses may have another: they come in turn */

struct hand {
	enum speaker speaker;
	const char *name;
	const struct program *program;
	struct pace pace;
	struct backoff backoff;
	uint32_t seed;
	pid_t pid; /* 0: there is no process, or it has been reaped */
	int fd;    /* our end; -1: there is no process */
	struct lines in;
	struct buffer out;    /* said, and not yet written */
	nsec patience_ends;   /* when silence becomes too long */
	nsec start_at;        /* while there is no process: when to start one */
	nsec spoke;           /* when it said anything last; at first, when it should have begun */
	nsec online;          /* since when it does its work; 0: it does not */
	int64_t attempt;      /* lives in a row that have ended before that */
	bool ended;           /* it has closed its end; what it said before is still to be taken */
	bool dismissed;       /* it was told to stop: its end is no news */
	bool lost;            /* hand_tick() has to tell that it is gone */
	char why[WHY];        /* why it was lost last; "": it works again */
	char told[TOLD][WHY]; /* of these reasons, what was logged since it worked last */
	int told_count;
};

struct hand *hand_new(
	enum speaker speaker, const struct program *program, const struct pace *pace, uint32_t seed)
{
	struct hand *hand = memory_zeroed(1, sizeof *hand);

	hand->speaker = speaker;
	hand->name = speaker_name(speaker);
	hand->program = program;
	hand->pace = *pace;
	hand->backoff = (struct backoff){.min = pace->retry_min, .max = pace->retry_max};
	hand->seed = seed;
	hand->fd = -1;
	lines_init(&hand->in, PROTOCOL_LINE);
	return hand;
}

static void process_end(struct hand *hand)
{
	if (hand->fd < 0)
		return;
	if (hand->pid > 0)
		kill(hand->pid, SIGKILL);
	hand->pid = 0;
	close(hand->fd);
	hand->fd = -1;
	hand->ended = false;
	lines_free(&hand->in);
	lines_init(&hand->in, PROTOCOL_LINE);
	buffer_clear(&hand->out);
}

void hand_free(struct hand *hand)
{
	if (hand == NULL)
		return;
	process_end(hand);
	lines_free(&hand->in);
	buffer_free(&hand->out);
	free(hand);
}

/* Each reason is logged once, not at each attempt. */
static void why_tell(struct hand *hand, const char *why)
{
	snprintf(hand->why, sizeof hand->why, "%s", why);
	for (int i = 0; i < TOLD && i < hand->told_count; i++)
		if (strcmp(hand->told[i], hand->why) == 0)
			return;
	memcpy(hand->told[hand->told_count++ % TOLD], hand->why, WHY);
	log_warning("%s: %s; trying again", hand->name, hand->why);
}

/* Its end, whatever it was. What ran well for long is started again soon. */
static void hand_end(struct hand *hand, nsec now, const char *why)
{
	if (hand->fd < 0)
		return;
	if (hand->dismissed) {
		process_end(hand);
		return;
	}
	why_tell(hand, why);
	process_end(hand);
	if (hand->online != 0 && now - hand->online > hand->pace.retry_max)
		backoff_reset(&hand->backoff);
	hand->attempt = hand->online == 0 ? hand->attempt + 1 : 0;
	hand->online = 0;
	hand->seed = hand->seed * 2654435761U + 1; /* Knuth's multiplicative hash */
	hand->start_at = now + backoff_wait(&hand->backoff, hand->seed);
	hand->lost = true;
}

static enum hand_news hand_start(struct hand *hand, nsec now)
{
	hand->pid = program_start(hand->program, hand->name, &hand->fd);
	if (hand->pid < 0) {
		char why[WHY];

		snprintf(why, sizeof why, "it cannot be started: %s", strerror(errno));
		why_tell(hand, why);
		hand->start_at = now + backoff_wait(&hand->backoff, 0);
		return HAND_NO_NEWS;
	}
	hand->patience_ends = now + hand->pace.patience;
	log_debug("the %s is process %d", hand->name, (int)hand->pid);
	return HAND_STARTED;
}

enum hand_news hand_tick(struct hand *hand, nsec now)
{
	if (hand->spoke == 0)
		hand->spoke = now;
	if (hand->fd >= 0 && now >= hand->patience_ends)
		hand_end(hand, now, "it was stuck, and was killed");
	if (hand->lost) {
		hand->lost = false;
		return HAND_LOST;
	}
	return hand->fd < 0 && now >= hand->start_at ? hand_start(hand, now) : HAND_NO_NEWS;
}

nsec hand_deadline(const struct hand *hand)
{
	if (hand->lost)
		return 0;
	return hand->fd >= 0 ? hand->patience_ends : hand->start_at;
}

int64_t hand_attempt(const struct hand *hand)
{
	return hand->attempt;
}

void hand_forgive(struct hand *hand, nsec away)
{
	hand->patience_ends += away;
}

void hand_say(struct hand *hand, enum word word, const char *const fields[])
{
	/* one that does not read what it is told will soon be found to be stuck */
	if (hand->fd >= 0 && hand->out.length <= UNSENT_MOST)
		message_write(&hand->out, word, fields);
}

struct pollfd hand_poll(const struct hand *hand)
{
	return (struct pollfd){
		.fd = hand->fd, .events = hand->out.length > 0 ? POLLIN | POLLOUT : POLLIN};
}

static void hand_write(struct hand *hand)
{
	while (hand->out.length > 0) {
		ssize_t sent = send(hand->fd, hand->out.data, hand->out.length, MSG_NOSIGNAL);

		if (sent < 0)
			return; /* full, or gone: reading will tell */
		buffer_consume(&hand->out, (size_t)sent);
	}
}

bool hand_exchange(struct hand *hand)
{
	if (hand->fd < 0 || hand->ended)
		return false;
	hand_write(hand);
	enum lines_read_result result = lines_read(&hand->in, hand->fd);
	hand->ended = result == LINES_END || result == LINES_ERROR;
	return result != LINES_AGAIN;
}

/* ---- its words about itself ---- */

static void protocol_broken(struct hand *hand, nsec now, const char *fault)
{
	char why[WHY];

	snprintf(why, sizeof why, "protocol error (%.200s), and it was killed", fault);
	hand_end(hand, now, why);
}

static void alive_take(struct hand *hand, const struct message *message, nsec now)
{
	nsec patience;

	if (!message_number(message->field[0], &patience))
		protocol_broken(hand, now, "'alive' without a number");
	else
		hand->patience_ends = now + (patience < PACE_RESOLVER ? patience : PACE_RESOLVER);
}

static void online_take(struct hand *hand, const struct message *message, nsec now)
{
	hand->why[0] = '\0';
	hand->told_count = 0;
	if (hand->online == 0)
		hand->online = now;
	if (message->field[0][0] != '\0')
		log_info("%s: online: %s", hand->name, message->field[0]);
}

/* True: the message was about the hand itself. */
static bool own_words_take(struct hand *hand, const struct message *message, nsec now)
{
	switch (message->word) {
	case WORD_ALIVE:
		alive_take(hand, message, now);
		return true;
	case WORD_ONLINE:
		online_take(hand, message, now);
		return true;
	case WORD_GONE:
		hand_end(hand, now, message->field[0]);
		return true;
	default:
		return false;
	}
}

static bool message_next(struct hand *hand, struct message *message, nsec now)
{
	char *line;
	struct reason why;

	if (hand->fd < 0)
		return false;
	switch (lines_next(&hand->in, &line)) {
	case LINES_LINE:
		if (message_read(line, hand->speaker, message, &why)) {
			hand->spoke = now;
			return true;
		}
		protocol_broken(hand, now, why.text);
		return false;
	case LINES_TOO_LONG:
		protocol_broken(hand, now, "more than a line holds");
		return false;
	case LINES_NONE:
		if (hand->ended)
			hand_end(hand, now, "it ended without a word");
	}
	return false;
}

bool hand_next(struct hand *hand, struct message *message, nsec now)
{
	while (message_next(hand, message, now))
		if (!own_words_take(hand, message, now))
			return true;
	return false;
}

void hand_reaped(struct hand *hand, pid_t pid)
{
	if (hand->pid == pid)
		hand->pid = 0;
}

void hand_dismiss(struct hand *hand)
{
	hand->dismissed = true;
	hand_say(hand, WORD_STOP, NO_FIELDS);
}

bool hand_progresses(const struct hand *hand, nsec now)
{
	return now - hand->spoke <= PACE_RESOLVER + hand->pace.patience + hand->pace.retry_max;
}

const char *hand_why(const struct hand *hand)
{
	return hand->why;
}
