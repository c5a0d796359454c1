/* SPDX-License-Identifier: MIT */
/*
 * The alert_command: run by sh(1) in a process group of its own, one at a time, with the message on
 * its standard input and what else is known in its environment. What it prints is logged. Nobody
 * waits for it: its caller polls, and is told how it went.
 */
#ifndef OOBETET_CHANNEL_COMMAND_H
#define OOBETET_CHANNEL_COMMAND_H

#include "common/clocks.h"
#include "oobetet/channel/queue.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#define COMMAND_LIMIT (30 * NSEC_PER_SEC) /* then its group is killed */
#define COMMAND_LINES 100                 /* of its output that are logged, each run */
#define COMMAND_ID 64
#define COMMAND_WHY 300

/* What one run is to tell. Nothing is owned, nor needed after command_start(). */
struct job {
	const char *id;     /* names the run in its outcome */
	const char *event;  /* alarm, ok or test */
	const char *watch;  /* what is watched, as the texts name it */
	const char *breach; /* the kind that is missing; "": none is */
	const char *since;  /* when the incident began: ISO 8601, UTC */
	const char *key;    /* the incident's */
	const char *host;   /* this machine */
	const char *text;   /* for its standard input: NOTIFICATION_TEXT bytes at most */
};

struct outcome {
	char id[COMMAND_ID];
	enum answer answer; /* done: it has exited with 0; otherwise failed */
	char why[COMMAND_WHY];
};

struct command;

/* `line` is for sh(1), and the caller's. Nothing runs yet. */
struct command *command_new(const char *line);

/* Kills what still runs. NULL is fine. */
void command_free(struct command *command);

/* Runs it. Whatever comes of it, command_tick() tells, unless one is still running: then false. */
bool command_start(struct command *command, const struct job *job, nsec now);

/* What to wait for before command_tick(), besides SIGCHLD; its fd is -1 if there is nothing. */
struct pollfd command_poll(const struct command *command);
nsec command_deadline(const struct command *command);

/*
 * Looks, after SIGCHLD, whether the shell still runs. It is in a process group of its own, and is
 * not waited for with other children: it is reaped when the run is over, so that its group's
 * number is nobody else's until then.
 */
bool command_runs(struct command *command);

/*
 * Logs what it printed and kills what is over its time. True, once a run: it is over, and *outcome
 * tells how it went. It is over when it has ended, and with it all that hold its output; those it
 * leaves behind have what is left of its time.
 */
bool command_tick(struct command *command, nsec now, struct outcome *outcome);

#endif
