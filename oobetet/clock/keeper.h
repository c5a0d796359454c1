/* SPDX-License-Identifier: MIT */
/*
 * The state file: replaced as a whole by a child of ours, for a disk may hang, and the clock must
 * not. There is one such child at most; while it hangs nothing is written, and nobody waits. It
 * ends with the clock, written or not.
 */
#ifndef OOBETET_CLOCK_KEEPER_H
#define OOBETET_CLOCK_KEEPER_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>
#include <sys/types.h>

struct keeper {
	const char *path; /* NULL: there is no state file */
	pid_t pid;        /* who writes; 0: nobody */
	nsec saved;       /* when a writing began last */
	uint64_t number;  /* of what is being written */
	uint64_t kept;    /* of what was written last */
	int told;         /* the error that was logged last; 0: it works */
};

/*
 * The file's text, to be freed; NULL: there is none, which *why tells unless it just is not there
 * yet.
 */
char *keeper_load(const struct keeper *keeper, struct reason *why);

/* Renames a file that nobody understands, so that it is not lost, and says so. */
void keeper_set_aside(const struct keeper *keeper, const char *why);

/* Begins to write the text. False: the last one is still being written. */
bool keeper_save(struct keeper *keeper, const struct buffer *text, uint64_t number, nsec now);

/* A child has ended; true: it was ours. */
bool keeper_ended(struct keeper *keeper, pid_t pid, int status);

#endif
