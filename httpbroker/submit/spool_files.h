/* SPDX-License-Identifier: MIT */
/*
 * The spool's directory: files that are complete or absent, and a lock on the directory itself.
 * directory_*() know nothing of the files' content.
 */
#ifndef HTTPBROKER_SUBMIT_SPOOL_FILES_H
#define HTTPBROKER_SUBMIT_SPOOL_FILES_H

#include "common/buffer.h"
#include "common/reason.h"
#include "httpbroker/submit/queue.h"

/* Opens or creates it (mode 0700). -1, with *why: also where locking fails, as on NFS. */
int directory_open(const char *path, struct reason *why);

enum spool_lock { SPOOL_LOCKED, SPOOL_IN_USE, SPOOL_ERROR };

/* flock(2), without waiting; closing the descriptor unlocks. *why is set for SPOOL_ERROR. */
enum spool_lock directory_lock(int directory, const char *path, struct reason *why);

/* Removes the incomplete files of killed runs after an hour. */
void directory_tidy(int directory);

/* Calls `seen` for each file, in the order of the names. False, with *why: listing failed. */
bool directory_each(int directory, void (*seen)(void *data, const char *name, size_t bytes),
	void *data, struct reason *why);

/* Writes or replaces a file; on return it survives a crash. */
bool directory_write(
	int directory, const char *name, const struct buffer *bytes, struct reason *why);

/* Reads a file of at most `max` bytes into `out`; *why is set unless it was read. */
enum directory_read {
	DIRECTORY_READ,
	DIRECTORY_GONE,   /* the file no longer exists */
	DIRECTORY_DENIED, /* it may be valid, but cannot be read */
	DIRECTORY_ODD,    /* it is longer, or not a regular file */
};
enum directory_read directory_read(
	int directory, const char *name, size_t max, struct buffer *out, struct reason *why);

/* False, and logged: the file still has that name. */
bool directory_remove(int directory, const char *name);
bool directory_rename(int directory, const char *name, const char *to);

/*
 * The content of a spool file. Pure. The first line says what must follow,
 *
 *     httpbroker-submit spool 1: EVENTS events, BYTES bytes
 *
 * then each event, on one line. So a cut or overwritten file is recognised.
 */

#define SPOOL_FILE_EVENTS 500
#define SPOOL_FILE_MAX ((size_t)2 * 1024 * 1024) /* bytes: no file is longer */

/* Of events, in one file; a longer event has a file of its own. */
#define SPOOL_FILE_BYTES ((size_t)256 * 1024)

/*
 * Replaces `out` with `first` and the events behind it that come from the same file (NULL: none),
 * up to `max` bytes. Returns the number of events.
 */
size_t spool_file_write(struct buffer *out, const struct queued *first, size_t max);

/*
 * Appends the file's events to `queue`, with `name` as their origin. False, with *why: the file is
 * damaged, and nothing was appended.
 */
bool spool_file_read(const char *bytes, size_t length, const char *name, struct queue *queue,
	struct reason *why);

#endif
