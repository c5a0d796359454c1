/* SPDX-License-Identifier: MIT */
/*
 * Runs a command, without a shell, in a process group of its own, and waits for it, for as long
 * as it may take. What it prints is passed on, its beginning and its end kept (check/relay.h). A
 * signal that would end us is handed on to the group.
 */
#ifndef HTTPBROKER_SUBMIT_CHECK_COMMAND_H
#define HTTPBROKER_SUBMIT_CHECK_COMMAND_H

#include "common/clocks.h"
#include "httpbroker/submit/check/relay.h"

#include <stdbool.h>

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
