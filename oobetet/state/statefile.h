/* SPDX-License-Identifier: MIT */
/*
 * The state file: replaced as a whole by a child of ours, for a disk may hang, and the clock must
 * not. There is one such child at most; one that takes too long is killed, and while it does not
 * end nothing is written, and nobody waits. It ends with the clock, written or not.
 *
 * Two oobetet never share a state file: FILE.lock is locked for as long as the clock runs. The lock
 * is fcntl(2)'s, which a child does not inherit: one that hangs keeps no successor out.
 */
#ifndef OOBETET_STATE_STATEFILE_H
#define OOBETET_STATE_STATEFILE_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>
#include <sys/types.h>

struct statefile {
	const char *path; /* NULL: there is no state file */
	pid_t pid;        /* who writes; 0: nobody */
	int lock;         /* the open FILE.lock; -1: not locked yet */
	nsec saved;       /* when a writing began last */
	nsec limit;       /* how long one may take */
	bool late;        /* this one has taken longer, and was killed */
	uint64_t number;  /* of what is being written */
	uint64_t kept;    /* of what was written last */
	int told;         /* the error that was logged last; 0: it works */
};

/* None is locked yet. `path` stays the caller's; NULL: there is no file. */
void statefile_begin(struct statefile *statefile, const char *path, nsec limit);

/*
 * Locks it, unless that is done. Returns 0, EBUSY if another process has it (*holder is its pid, 0
 * if that is not known), or another errno; where files cannot be locked at all: 0, and a warning.
 */
int statefile_lock(struct statefile *statefile, pid_t *holder);

/*
 * The file's text, to be freed; NULL: there is none, which *why tells unless it just is not there
 * yet.
 */
char *statefile_load(const struct statefile *statefile, struct reason *why);

/* Renames a file that nobody understands, so that it is not lost, and says so. */
void statefile_set_aside(const struct statefile *statefile, const char *why);

/* Begins to write the text. False: the last one is still being written. */
bool statefile_save(
	struct statefile *statefile, const struct buffer *text, uint64_t number, nsec now);

/* Kills a writer that takes too long, and says so once. */
void statefile_tick(struct statefile *statefile, nsec now);
nsec statefile_deadline(const struct statefile *statefile);

/* A child has ended; true: it was ours. */
bool statefile_ended(struct statefile *statefile, pid_t pid, int status);

#endif
