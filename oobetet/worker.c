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

/*
 * Bytes queued for a worker that does not read. There is room for a configuration (LOADER_TEXT),
 * and at the same moment a notification for each channel of WATCHES_MAX watches: one that is
 * dropped waits for the next repeat.
 */
#define UNSENT_MAX (32 * 1024 * 1024)

#define UNSENT_KEPT (64 * 1024) /* bytes of memory that stay reserved for it */

#define WHY 300
#define STOPPING (1500 * NSEC_PER_MSEC) /* how long it may take to stop before a restart */
#define LOGGED 4 /* reasons: each address of a server may have its own, in turn */

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
	struct buffer out;        /* not yet written */
	nsec deadline;            /* of its next message: later means that it is stuck */
	nsec start_at;            /* while there is no process: when to start one */
	nsec received;            /* its last message; at first, when it should have started */
	nsec online;              /* since when it does its work; 0: it does not */
	int64_t started;          /* processes */
	int64_t attempt;          /* runs in a row that ended before that */
	bool ended;               /* it closed its end; what it sent before is still to be read */
	bool shut_down;           /* it was asked to stop: its end is no failure */
	bool restarting;          /* it was asked to stop, and another is to be started */
	bool lost;                /* worker_tick() has to report it */
	char why[WHY];            /* why it was lost last; "": it works again */
	char logged[LOGGED][WHY]; /* the reasons logged since it worked last */
	int logged_count;
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
static void why_set(struct worker *worker, const char *why)
{
	snprintf(worker->why, sizeof worker->why, "%s", why);
	for (int i = 0; i < LOGGED && i < worker->logged_count; i++)
		if (strcmp(worker->logged[i], worker->why) == 0)
			return;
	memcpy(worker->logged[worker->logged_count++ % LOGGED], worker->why, WHY);
	log_warning("%s: %s; trying again", worker->name, worker->why);
}

/* A worker that was online for long is restarted soon. */
static void worker_end(struct worker *worker, nsec now, const char *why)
{
	if (worker->fd < 0)
		return;
	if (worker->shut_down) {
		process_end(worker);
		return;
	}
	worker->lost = true;
	if (worker->restarting) {
		snprintf(worker->why, sizeof worker->why,
			"it is restarted with its new part of "
			"the configuration");
		process_end(worker);
		worker->online = worker->attempt = 0;
		worker->start_at = now;
		worker->restarting = false;
		return;
	}
	why_set(worker, why);
	process_end(worker);
	if (worker->online != 0 && now - worker->online > worker->timing.retry_max)
		backoff_reset(&worker->backoff);
	worker->attempt = worker->online == 0 ? worker->attempt + 1 : 0;
	worker->online = 0;
	worker->seed = worker->seed * 2654435761U + 1; /* Knuth's multiplicative hash */
	worker->start_at = now + backoff_wait(&worker->backoff, worker->seed);
}

static enum worker_news worker_start(struct worker *worker, nsec now)
{
	worker->pid = selfexec_start(worker->selfexec, worker->name, &worker->fd);
	if (worker->pid < 0) {
		char why[WHY];

		snprintf(why, sizeof why, "cannot start: %s", strerror(errno));
		why_set(worker, why);
		worker->start_at = now + backoff_wait(&worker->backoff, 0);
		return WORKER_NO_NEWS;
	}
	worker->started++;
	worker->deadline = now + worker->timing.timeout;
	log_debug("%s: process %d", worker->name, (int)worker->pid);
	return WORKER_STARTED;
}

enum worker_news worker_tick(struct worker *worker, nsec now)
{
	if (worker == NULL)
		return WORKER_NO_NEWS;
	if (worker->received == 0)
		worker->received = now;
	if (worker->fd >= 0 && now >= worker->deadline)
		worker_end(worker, now, "not responding, killed");
	if (worker->lost) {
		worker->lost = false;
		return WORKER_LOST;
	}
	if (worker->fd >= 0 || now < worker->start_at)
		return WORKER_NO_NEWS;
	return worker_start(worker, now);
}

nsec worker_deadline(const struct worker *worker)
{
	if (worker == NULL)
		return NSEC_NEVER;
	if (worker->lost)
		return 0;
	return worker->fd >= 0 ? worker->deadline : worker->start_at;
}

int64_t worker_attempt(const struct worker *worker)
{
	return worker->attempt;
}

void worker_extend(struct worker *worker, nsec away)
{
	if (worker != NULL)
		worker->deadline += away;
}

bool worker_takes(const struct worker *worker)
{
	return worker != NULL && worker->fd >= 0 && !worker->restarting;
}

void worker_send(struct worker *worker, enum message_type type, const char *const fields[])
{
	/* a worker that does not read will soon miss its deadline */
	if (worker_takes(worker) && worker->out.length <= UNSENT_MAX)
		message_write(&worker->out, type, fields);
}

struct pollfd worker_poll(const struct worker *worker)
{
	if (worker == NULL)
		return (struct pollfd){.fd = -1};
	return (struct pollfd){
		.fd = worker->fd, .events = worker->out.length > 0 ? POLLIN | POLLOUT : POLLIN};
}

bool worker_exchange(struct worker *worker)
{
	if (worker == NULL || worker->fd < 0 || worker->ended)
		return false;
	while (worker->out.length > 0) {
		ssize_t sent = send(worker->fd, worker->out.data, worker->out.length, MSG_NOSIGNAL);

		if (sent < 0)
			break; /* full, or closed: reading shows which */
		buffer_consume(&worker->out, (size_t)sent);
	}
	if (worker->out.length == 0 && worker->out.capacity > UNSENT_KEPT)
		buffer_free(&worker->out);
	enum lines_read_result result = lines_read(&worker->in, worker->fd);
	worker->ended = result == LINES_END || result == LINES_ERROR;
	return result != LINES_AGAIN;
}

/* ---- messages about the worker itself ---- */

static void ipc_broken(struct worker *worker, nsec now, const char *fault)
{
	char why[WHY];

	snprintf(why, sizeof why, "protocol error (%.200s), killed", fault);
	worker_end(worker, now, why);
}

/* True: the message was about the worker itself. */
static bool own_message_handle(struct worker *worker, const struct message *message, nsec now)
{
	nsec timeout;

	switch (message->type) {
	case MESSAGE_ALIVE:
		if (!message_number(message->field[0], &timeout))
			ipc_broken(worker, now, "'alive' without a number");
		else if (!worker->restarting)
			worker->deadline = now + nsec_earlier(timeout, TIMING_RESOLVER);
		return true;
	case MESSAGE_ONLINE:
		worker->why[0] = '\0';
		worker->logged_count = 0;
		if (worker->online == 0)
			worker->online = now;
		if (message->field[0][0] != '\0')
			log_info("%s: online: %s", worker->name, message->field[0]);
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

	if (worker == NULL || worker->fd < 0)
		return false;
	switch (lines_next(&worker->in, &line)) {
	case LINES_LINE:
		if (message_read(line, worker->speaker, message, &why)) {
			worker->received = now;
			return true;
		}
		ipc_broken(worker, now, why.text);
		return false;
	case LINES_TOO_LONG:
		ipc_broken(worker, now, "line too long");
		return false;
	case LINES_NONE:
		if (worker->ended)
			worker_end(worker, now, "it ended without giving a reason");
	}
	return false;
}

bool worker_next(struct worker *worker, struct message *message, nsec now)
{
	while (message_next(worker, message, now))
		if (!own_message_handle(worker, message, now))
			return true;
	return false;
}

void worker_reaped(struct worker *worker, pid_t pid)
{
	if (worker != NULL && worker->pid == pid)
		worker->pid = 0;
}

void worker_restart(struct worker *worker, const struct timing *timing, nsec now)
{
	worker->timing = *timing;
	worker->backoff = (struct backoff){.min = timing->retry_min, .max = timing->retry_max};
	if (worker->fd < 0) {
		worker->start_at = now;
		return;
	}
	worker_send(worker, MESSAGE_STOP, NO_FIELDS);
	worker->restarting = true;
	worker->deadline = now + STOPPING;
}

void worker_shut_down(struct worker *worker)
{
	if (worker == NULL)
		return;
	worker->shut_down = true;
	worker_send(worker, MESSAGE_STOP, NO_FIELDS);
}

bool worker_progresses(const struct worker *worker, nsec now)
{
	if (worker == NULL)
		return true;
	nsec limit = TIMING_RESOLVER + worker->timing.timeout + worker->timing.retry_max;
	return now - worker->received <= limit;
}

struct worker_status worker_status(const struct worker *worker)
{
	return (struct worker_status){.name = worker->name,
		.online = worker->online,
		.started = worker->started,
		.why = worker->why};
}

const char *worker_why(const struct worker *worker)
{
	return worker->why;
}
