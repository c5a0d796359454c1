/* SPDX-License-Identifier: MIT */
/*
 * The state file, written by a child process (writer.h).
 *
 * Two oobetet never share a state file: FILE.lock stays locked while the monitor runs. The lock is
 * fcntl(2)'s, which a child does not inherit: a hanging writer does not block a successor.
 */
#ifndef OOBETET_STATE_STATEFILE_H
#define OOBETET_STATE_STATEFILE_H

#include "common/reason.h"
#include "oobetet/state/writer.h"

#include <stdint.h>

struct statefile {
	struct writer writer; /* of the file; its path is NULL: there is no state file */
	int lock;             /* the open FILE.lock; -1: not locked yet */
	uint64_t number;      /* of the state being written */
	uint64_t kept;        /* of the state written last */
	void (*work)(void *); /* what the child does besides, with `user`; NULL: nothing */
	void *user;
};

/* Not locked yet. `path` stays the caller's; NULL: there is no file. */
void statefile_begin(struct statefile *statefile, const char *path, nsec limit);

/*
 * Locks it unless it is locked. Returns 0, EBUSY if another process has it (*holder is its pid, 0
 * if unknown), or another errno. Where files cannot be locked: 0, and a warning.
 */
int statefile_lock(struct statefile *statefile, pid_t *holder);

/* True if an oobetet runs with this state file. */
bool statefile_in_use(const char *path);

/* The file's text, to be freed. NULL: there is none; *why is "" if it does not exist. */
char *statefile_load(const struct statefile *statefile, struct reason *why);

/* Renames an unusable file, so that it is not lost, and logs it. */
void statefile_set_aside(const struct statefile *statefile, const char *why);

/* Begins to write the text. False: the previous write has not ended. */
bool statefile_save(
	struct statefile *statefile, const struct buffer *text, uint64_t number, nsec now);

/* A child has ended; true: it was the writer. */
bool statefile_ended(struct statefile *statefile, pid_t pid, int status);

#endif
