/* SPDX-License-Identifier: MIT */
/*
 * One pipe from a command: what comes out of it is passed on as it comes, and its beginning and its
 * end are kept: the reason of a failure stands last. Neither a flood nor a reader of ours that
 * stands still takes memory; and a reader that is gone does not end the command.
 */
#ifndef HTTPBROKER_SUBMIT_COMMAND_H
#define HTTPBROKER_SUBMIT_COMMAND_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <poll.h>
#include <stdbool.h>

#define RELAY_HEAD ((size_t)32 * 1024) /* bytes that are kept of the beginning */
#define RELAY_TAIL ((size_t)32 * 1024) /* and of the end */
#define RELAY_CHUNK 4096 /* bytes a write: a pipe that poll(2) calls writable takes so many */

struct kept {
	struct buffer head; /* owned */
	struct buffer tail; /* owned; follows the head unless something was cut */
	bool cut;           /* what was between them is lost */
};

struct relay {
	int from; /* the pipe, not blocking; -1: it is at its end */
	int to;   /* -1: nobody is to have it */
	struct kept kept;
	size_t start, end; /* of what is to be passed on, in held */
	char held[RELAY_CHUNK];
};

/* Takes `from`, which it closes at its end. `to` stays the caller's. */
void relay_start(struct relay *relay, int from, int to);

/* What to wait for now; its fd is -1 if there is nothing. */
struct pollfd relay_watch(const struct relay *relay);

/* Goes on with what poll said of that. */
void relay_advance(struct relay *relay, short revents);

/* The command has ended: takes what still is in the pipe, and closes it whoever else holds it. */
void relay_finish(struct relay *relay);

void kept_free(struct kept *kept);

/*
 * Runs a command, without a shell, in a process group of its own, and waits for it, for as long
 * as it may take. What it prints is passed on, its beginning and its end kept (command.h). A
 * signal that would end us is handed on to the group.
 */

/* Between SIGTERM to the group and SIGKILL. */
#define COMMAND_KILL_AFTER (3 * NSEC_PER_SEC)

struct command {
	char *const *argv; /* up to a NULL; argv[0] is looked for in PATH */
	nsec limit;        /* NSEC_NEVER: none */
	bool quiet;        /* what it prints is not passed on */
};

enum command_end {
	COMMAND_EXITED,    /* value: its exit code */
	COMMAND_SIGNALLED, /* value: the signal that ended it */
	COMMAND_TIMED_OUT, /* we ended it */
	COMMAND_NOT_RUN,   /* value: errno of fork(2), pipe(2) or execvp(3) */
};

struct command_result {
	enum command_end end;
	int value;
	nsec took;
	nsec limit;       /* as it was set */
	struct kept out;  /* of its standard output */
	struct kept err;  /* of its standard error */
	bool told_to_end; /* a signal came that was meant to end us, too */
};

/* SIGCHLD, SIGTERM, SIGINT and SIGHUP must be caught (common/signals.h). */
void command_run(const struct command *command, struct command_result *result);

/* Its exit code as timeout(1) would pass it on: 124, 126, 127, 128+N, or its own. */
int command_exit_code(const struct command_result *result);

void command_result_free(struct command_result *result);

#endif
