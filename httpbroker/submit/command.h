/* SPDX-License-Identifier: MIT */
/*
 * Runs a command, without a shell, in a process group of its own, and waits for it. Its output is
 * passed on as it comes; the beginning and the end are kept, as the reason of a failure stands
 * last. Neither a flood of output nor a blocked reader takes memory, and a reader that exits does
 * not end the command. A signal that would end this program is forwarded to the group.
 */
#ifndef HTTPBROKER_SUBMIT_COMMAND_H
#define HTTPBROKER_SUBMIT_COMMAND_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <stdbool.h>

struct kept {
	struct buffer head; /* owned */
	struct buffer tail; /* owned; follows the head unless output was cut */
	bool cut;           /* output between them is lost */
};

/* Between SIGTERM to the group and SIGKILL. */
#define COMMAND_KILL_AFTER (3 * NSEC_PER_SEC)

struct command {
	char *const *argv; /* up to a NULL; argv[0] is searched in PATH */
	nsec limit;        /* NSEC_NEVER: none */
	bool quiet;        /* the output is not passed on */
};

enum command_end {
	COMMAND_EXITED,    /* value: its exit code */
	COMMAND_SIGNALLED, /* value: the signal that ended it */
	COMMAND_TIMED_OUT, /* it exceeded the limit and was ended */
	COMMAND_NOT_RUN,   /* value: errno of fork(2), pipe(2) or execvp(3) */
};

struct command_result {
	enum command_end end;
	int value;
	nsec took;
	nsec limit;       /* the command's */
	struct kept out;  /* of its standard output */
	struct kept err;  /* of its standard error */
	bool interrupted; /* a signal arrived that ends this program, too */
};

/* SIGCHLD, SIGTERM, SIGINT and SIGHUP must be caught (common/signals.h). */
void command_run(const struct command *command, struct command_result *result);

/* The exit code as of timeout(1): 124, 126, 127, 128+N, or the command's own. */
int command_exit_code(const struct command_result *result);

void command_result_free(struct command_result *result);

#endif
