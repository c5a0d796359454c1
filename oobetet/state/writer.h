/* SPDX-License-Identifier: MIT */
/*
 * Replaces a file as a whole, in a child process: a disk may hang and the monitor must not. A
 * reader finds the old or the new text, never a part. Each file has one writer at most. One that
 * takes too long is killed; until it has ended nothing is written, and nothing waits. It dies with
 * the monitor. Failures are logged once.
 */
#ifndef OOBETET_STATE_WRITER_H
#define OOBETET_STATE_WRITER_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* In this process: writes FILE.new, with these permissions, and renames it. It may block. Returns
 * an errno. */
int file_replace(const char *path, mode_t mode, const struct buffer *text);

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

/*
 * The same with `work`, which runs in the child after the file was replaced or not, and must not
 * change anything of the monitor's but memory that is shared.
 */
bool writer_begin_with(struct writer *writer, const struct buffer *text, nsec now,
	void (*work)(void *user), void *user);

/* Kills a child that takes too long. */
void writer_tick(struct writer *writer, nsec now);
nsec writer_deadline(const struct writer *writer);

/* A child has ended; true: it was the writer's, and *error is 0 if the file was written. */
bool writer_ended(struct writer *writer, pid_t pid, int status, int *error);

/* Logs a failure (an errno) once, and once that it is over (0). */
void writer_log(struct writer *writer, int error, const char *detail);

#endif
