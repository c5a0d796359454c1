/* SPDX-License-Identifier: MIT */
#include "oobetet/worker.h"

#include "common/backoff.h"
#include "common/duration.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNSENT_MAX (256 * 1024) /* bytes that may wait for a hand which does not read */
#define WHY 300
#define TOLD 4 /* each of a server's addresses may have another: they come in turn */

struct worker {
	enum speaker speaker;
	const char *name;
	const struct selfexec *selfexec;
	struct timing timing;
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
	bool lost;            /* worker_tick() has to tell that it is gone */
	char why[WHY];        /* why it was lost last; "": it works again */
	char told[TOLD][WHY]; /* of these reasons, what was logged since it worked last */
	int told_count;
};

struct worker *worker_new(enum speaker speaker, const struct selfexec *selfexec,
	const struct timing *timing, uint32_t seed)
{
	struct worker *worker = memory_zeroed(1, sizeof *worker);

	worker->speaker = speaker;
	worker->name = speaker_name(speaker);
	worker->selfexec = selfexec;
	worker->timing = *timing;
	worker->backoff = (struct backoff){.min = timing->retry_min, .max = timing->retry_max};
	worker->seed = seed;
	worker->fd = -1;
	lines_init(&worker->in, IPC_LINE);
	return worker;
}

static void process_end(struct worker *worker)
{
	if (worker->fd < 0)
		return;
	if (worker->pid > 0)
		kill(worker->pid, SIGKILL);
	worker->pid = 0;
	close(worker->fd);
	worker->fd = -1;
	worker->ended = false;
	lines_free(&worker->in);
	lines_init(&worker->in, IPC_LINE);
	buffer_clear(&worker->out);
}

void worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	process_end(worker);
	lines_free(&worker->in);
	buffer_free(&worker->out);
	free(worker);
}

/* Each reason is logged once, not at each attempt. */
static void why_tell(struct worker *worker, const char *why)
{
	snprintf(worker->why, sizeof worker->why, "%s", why);
	for (int i = 0; i < TOLD && i < worker->told_count; i++)
		if (strcmp(worker->told[i], worker->why) == 0)
			return;
	memcpy(worker->told[worker->told_count++ % TOLD], worker->why, WHY);
	log_warning("%s: %s; trying again", worker->name, worker->why);
}

/* Its end, whatever it was. What ran well for long is started again soon. */
static void worker_end(struct worker *worker, nsec now, const char *why)
{
	if (worker->fd < 0)
		return;
	if (worker->dismissed) {
		process_end(worker);
		return;
	}
	why_tell(worker, why);
	process_end(worker);
	if (worker->online != 0 && now - worker->online > worker->timing.retry_max)
		backoff_reset(&worker->backoff);
	worker->attempt = worker->online == 0 ? worker->attempt + 1 : 0;
	worker->online = 0;
	worker->seed = worker->seed * 2654435761U + 1; /* Knuth's multiplicative hash */
	worker->start_at = now + backoff_wait(&worker->backoff, worker->seed);
	worker->lost = true;
}

static enum worker_news worker_start(struct worker *worker, nsec now)
{
	worker->pid = selfexec_start(worker->selfexec, worker->name, &worker->fd);
	if (worker->pid < 0) {
		char why[WHY];

		snprintf(why, sizeof why, "it cannot be started: %s", strerror(errno));
		why_tell(worker, why);
		worker->start_at = now + backoff_wait(&worker->backoff, 0);
		return WORKER_NO_NEWS;
	}
	worker->patience_ends = now + worker->timing.timeout;
	log_debug("the %s is process %d", worker->name, (int)worker->pid);
	return WORKER_STARTED;
}

enum worker_news worker_tick(struct worker *worker, nsec now)
{
	if (worker->spoke == 0)
		worker->spoke = now;
	if (worker->fd >= 0 && now >= worker->patience_ends)
		worker_end(worker, now, "it was stuck, and was killed");
	if (worker->lost) {
		worker->lost = false;
		return WORKER_LOST;
	}
	return worker->fd < 0 && now >= worker->start_at ? worker_start(worker, now)
							 : WORKER_NO_NEWS;
}

nsec worker_deadline(const struct worker *worker)
{
	if (worker->lost)
		return 0;
	return worker->fd >= 0 ? worker->patience_ends : worker->start_at;
}

int64_t worker_attempt(const struct worker *worker)
{
	return worker->attempt;
}

void worker_extend(struct worker *worker, nsec away)
{
	worker->patience_ends += away;
}

void worker_send(struct worker *worker, enum message_type type, const char *const fields[])
{
	/* one that does not read what it is told will soon be found to be stuck */
	if (worker->fd >= 0 && worker->out.length <= UNSENT_MAX)
		message_write(&worker->out, type, fields);
}

struct pollfd worker_poll(const struct worker *worker)
{
	return (struct pollfd){
		.fd = worker->fd, .events = worker->out.length > 0 ? POLLIN | POLLOUT : POLLIN};
}

static void worker_write(struct worker *worker)
{
	while (worker->out.length > 0) {
		ssize_t sent = send(worker->fd, worker->out.data, worker->out.length, MSG_NOSIGNAL);

		if (sent < 0)
			return; /* full, or gone: reading will tell */
		buffer_consume(&worker->out, (size_t)sent);
	}
}

bool worker_exchange(struct worker *worker)
{
	if (worker->fd < 0 || worker->ended)
		return false;
	worker_write(worker);
	enum lines_read_result result = lines_read(&worker->in, worker->fd);
	worker->ended = result == LINES_END || result == LINES_ERROR;
	return result != LINES_AGAIN;
}

/* ---- its words about itself ---- */

static void ipc_broken(struct worker *worker, nsec now, const char *fault)
{
	char why[WHY];

	snprintf(why, sizeof why, "protocol error (%.200s), and it was killed", fault);
	worker_end(worker, now, why);
}

static void alive_take(struct worker *worker, const struct message *message, nsec now)
{
	nsec timeout;

	if (!message_number(message->field[0], &timeout))
		ipc_broken(worker, now, "'alive' without a number");
	else
		worker->patience_ends =
			now + (timeout < TIMING_RESOLVER ? timeout : TIMING_RESOLVER);
}

static void online_take(struct worker *worker, const struct message *message, nsec now)
{
	worker->why[0] = '\0';
	worker->told_count = 0;
	if (worker->online == 0)
		worker->online = now;
	if (message->field[0][0] != '\0')
		log_info("%s: online: %s", worker->name, message->field[0]);
}

/* True: the message was about the hand itself. */
static bool own_words_take(struct worker *worker, const struct message *message, nsec now)
{
	switch (message->type) {
	case MESSAGE_ALIVE:
		alive_take(worker, message, now);
		return true;
	case MESSAGE_ONLINE:
		online_take(worker, message, now);
		return true;
	case MESSAGE_GONE:
		worker_end(worker, now, message->field[0]);
		return true;
	default:
		return false;
	}
}

static bool message_next(struct worker *worker, struct message *message, nsec now)
{
	char *line;
	struct reason why;

	if (worker->fd < 0)
		return false;
	switch (lines_next(&worker->in, &line)) {
	case LINES_LINE:
		if (message_read(line, worker->speaker, message, &why)) {
			worker->spoke = now;
			return true;
		}
		ipc_broken(worker, now, why.text);
		return false;
	case LINES_TOO_LONG:
		ipc_broken(worker, now, "more than a line holds");
		return false;
	case LINES_NONE:
		if (worker->ended)
			worker_end(worker, now, "it ended without a word");
	}
	return false;
}

bool worker_next(struct worker *worker, struct message *message, nsec now)
{
	while (message_next(worker, message, now))
		if (!own_words_take(worker, message, now))
			return true;
	return false;
}

void worker_reaped(struct worker *worker, pid_t pid)
{
	if (worker->pid == pid)
		worker->pid = 0;
}

void worker_shut_down(struct worker *worker)
{
	worker->dismissed = true;
	worker_send(worker, MESSAGE_STOP, NO_FIELDS);
}

bool worker_progresses(const struct worker *worker, nsec now)
{
	return now - worker->spoke <=
	       TIMING_RESOLVER + worker->timing.timeout + worker->timing.retry_max;
}

const char *worker_why(const struct worker *worker)
{
	return worker->why;
}
