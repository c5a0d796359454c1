/* SPDX-License-Identifier: MIT */
/*
 * The state file, and how it and other files are replaced as a whole, in a child process: a disk
 * may hang and the monitor must not. A reader finds the old or the new text, never a part.
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
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* ---- any file ---- */

/*
 * Each file has one writer at most. One that takes too long is killed; until it has ended nothing
 * is written, and nothing waits. It dies with the monitor. Failures are logged once.
 */
struct writer {
	const char *what; /* for the log: `state file` */
	const char *path; /* NULL: there is no file */
	mode_t mode;      /* the file's permissions */
	nsec limit;       /* how long a write may take */
	pid_t pid;        /* the child; 0: none */
	nsec began;       /* when the last write began; 0: none did */
	bool late;        /* it took longer and was killed */
	int logged;       /* the errno that was logged last; 0: it works */
};

/* Begins to write the text. False: the previous write has not ended. */
bool writer_begin(struct writer *writer, const struct buffer *text, nsec now);

/* Kills a child that takes too long. */
void writer_tick(struct writer *writer, nsec now);
nsec writer_deadline(const struct writer *writer);

/* A child has ended; true: it was the writer's, and *error is 0 if the file was written. */
bool writer_ended(struct writer *writer, pid_t pid, int status, int *error);

/* The same in this process, which it may block: writes FILE.new, with these permissions, and
 * renames it. Returns an errno. */
int file_replace(const char *path, mode_t mode, const struct buffer *text);

/* ---- the state file ---- */

struct statefile {
	struct writer writer; /* of the file; its path is NULL: there is no state file */
	int lock;             /* the open FILE.lock; -1: not locked yet */
	uint64_t number;      /* of the state being written */
	uint64_t kept;        /* of the state written last */
	/* What the child does besides, whether the file was replaced or not; it must not change
	 * anything of the monitor's but memory that is shared. NULL: nothing. */
	void (*work)(void *user);
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

/* False: it is there, but cannot be opened, which says nothing of its content. */
bool statefile_opens(const struct statefile *statefile, struct reason *why);

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
