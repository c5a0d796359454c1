/* SPDX-License-Identifier: MIT */
/*
 * The state file: replaced as a whole by a child process, because a disk may hang and the monitor
 * must not. There is one writer at most. One that takes too long is killed; until it has ended
 * nothing is written, and nothing waits. It dies with the monitor.
 *
 * Two oobetet never share a state file: FILE.lock stays locked while the monitor runs. The lock is
 * fcntl(2)'s, which a child does not inherit: a hanging writer does not block a successor.
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
	pid_t pid;        /* the writer; 0: none */
	int lock;         /* the open FILE.lock; -1: not locked yet */
	nsec saved;       /* when the last write began */
	nsec limit;       /* how long a write may take */
	bool late;        /* the writer took longer and was killed */
	uint64_t number;  /* of the state being written */
	uint64_t kept;    /* of the state written last */
	int logged;       /* the errno that was logged last; 0: it works */
};

/* Not locked yet. `path` stays the caller's; NULL: there is no file. */
void statefile_begin(struct statefile *statefile, const char *path, nsec limit);

/*
 * Locks it unless it is locked. Returns 0, EBUSY if another process has it (*holder is its pid, 0
 * if unknown), or another errno. Where files cannot be locked: 0, and a warning.
 */
int statefile_lock(struct statefile *statefile, pid_t *holder);

/* The file's text, to be freed. NULL: there is none; *why is "" if it does not exist. */
char *statefile_load(const struct statefile *statefile, struct reason *why);

/* Renames an unusable file, so that it is not lost, and logs it. */
void statefile_set_aside(const struct statefile *statefile, const char *why);

/* Begins to write the text. False: the previous write has not ended. */
bool statefile_save(
	struct statefile *statefile, const struct buffer *text, uint64_t number, nsec now);

/* Kills a writer that takes too long, and logs it once. */
void statefile_tick(struct statefile *statefile, nsec now);
nsec statefile_deadline(const struct statefile *statefile);

/* A child has ended; true: it was the writer. */
bool statefile_ended(struct statefile *statefile, pid_t pid, int status);

#endif
