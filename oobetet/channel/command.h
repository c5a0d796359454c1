/* SPDX-License-Identifier: MIT */
/*
 * The alert_command of one watch: run by sh(1) in its own process group, one run at a time, with
 * the message on standard input and the incident's details in the environment. Its output is
 * logged. Nothing blocks: the caller polls and gets the outcome from command_tick().
 */
#ifndef OOBETET_CHANNEL_COMMAND_H
#define OOBETET_CHANNEL_COMMAND_H

#include "common/clocks.h"
#include "oobetet/channel/queue.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#define COMMAND_LIMIT (30 * NSEC_PER_SEC)  /* then its process group is killed */
#define COMMAND_LINES 100                  /* of its output that are logged per run */
#define COMMAND_PAUSE (20 * NSEC_PER_MSEC) /* between two reads of its output */
#define COMMAND_ID 64
#define COMMAND_WHY 300

/* The input of one run. Nothing is owned, nor needed after command_start(). */
struct job {
	const char *id;     /* identifies the run in its outcome */
	const char *event;  /* alarm, ok or test */
	const char *watch;  /* the watched check, as the texts name it */
	const char *name;   /* of the watch; "": it is the only one */
	const char *breach; /* the kind that is missing; "": none is */
	const char *since;  /* when the incident began: ISO 8601, UTC */
	const char *key;    /* the incident's */
	const char *host;   /* this machine */
	const char *text;   /* for its standard input: NOTIFICATION_TEXT bytes at most */
};

struct outcome {
	char id[COMMAND_ID];
	enum answer answer; /* done: it exited with 0; otherwise failed */
	char why[COMMAND_WHY];
};

struct command;

/*
 * `line`, for sh(1), and `label`, with which log lines begin, are copied. Nothing runs yet.
 */
struct command *command_new(const char *line, const char *label);

/* Kills what still runs. NULL is fine. */
void command_free(struct command *command);

/* Starts a run, whose outcome command_tick() returns. False: the previous run has not ended. */
bool command_start(struct command *command, const struct job *job, nsec now);

/*
 * What to poll for before command_tick(), besides SIGCHLD; fd is -1 if there is nothing, or during
 * a pause.
 */
struct pollfd command_poll(const struct command *command);
nsec command_deadline(const struct command *command);

/*
 * True if the shell still runs; call it after SIGCHLD. The shell is reaped when the run is over:
 * until then no other process can get its group's number.
 */
bool command_runs(struct command *command);

/*
 * Logs its output and kills it after its time. True, once per run: it is over, and *outcome is set.
 * It is over when the shell and all processes that hold its output have ended; all share one
 * time limit.
 */
bool command_tick(struct command *command, nsec now, struct outcome *outcome);

#endif
