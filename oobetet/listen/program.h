/* SPDX-License-Identifier: MIT */
/*
 * One run of a listen_command, without a shell, in a process group of its own. The group is led by
 * a keeper, a fork of this process without any descriptor: it starts the program, ends as the
 * program ends, and kills the whole group when this process dies. Nothing here blocks.
 */
#ifndef OOBETET_LISTEN_PROGRAM_H
#define OOBETET_LISTEN_PROGRAM_H

#include "common/process.h"

#include <stdbool.h>

struct program {
	struct process keeper; /* and its group */
	int out, err;          /* reading ends of its output, not blocking; -1: none */
};

/*
 * Starts words[0], searched in PATH; its standard input is /dev/null. False: see errno. If the
 * program itself cannot be run, it says so on its standard error and exits with 126 or 127.
 */
bool program_start(struct program *program, char *const words[]);

/* Closes one of the descriptors. */
void program_close(int *fd);

/*
 * Kills what is left of the group and closes the descriptors. The keeper is reaped, now or by
 * processes_reap().
 */
void program_end(struct program *program);

#endif
