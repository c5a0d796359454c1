/* SPDX-License-Identifier: MIT */
/*
 * The spool's directory: files that are there whole or not at all, and a lock on the directory
 * itself. Nothing here knows what is in the files.
 */
#ifndef HTTPBROKER_SUBMIT_SPOOL_FILES_H
#define HTTPBROKER_SUBMIT_SPOOL_FILES_H

#include "common/buffer.h"
#include "common/reason.h"
#include "httpbroker/submit/queue.h"

/* Opens it, and makes it (mode 0700) if it is not there. -1: *why; also where it cannot be locked,
 * as on NFS. */
int directory_open(const char *path, struct reason *why);

enum directory_lock { DIRECTORY_LOCKED, DIRECTORY_IN_USE, DIRECTORY_ERROR };

/* flock(2), without waiting; it ends with the descriptor. *why is set for DIRECTORY_ERROR. */
enum directory_lock directory_lock(int directory, const char *path, struct reason *why);

/* Removes what runs that were killed while they wrote have left, an hour later. */
void directory_tidy(int directory);

/* Calls `seen` for each file, in the order of the names. False: it cannot be listed; *why. */
bool directory_each(int directory, void (*seen)(void *data, const char *name, size_t bytes),
	void *data, struct reason *why);

/* Writes a file, which replaces one of that name; returns once it would survive a crash. */
bool directory_write(
	int directory, const char *name, const struct buffer *bytes, struct reason *why);

/* Reads a file of at most `most` bytes into `out`; *why is set unless it was read. */
enum directory_read {
	DIRECTORY_READ,
	DIRECTORY_GONE,   /* there is no such file any more */
	DIRECTORY_DENIED, /* it may be sound: we could not look */
	DIRECTORY_ODD,    /* it is longer, or it is no file */
};
enum directory_read directory_read(
	int directory, const char *name, size_t max, struct buffer *out, struct reason *why);

/* False, and logged: it is still there under that name. */
bool directory_remove(int directory, const char *name);
bool directory_rename(int directory, const char *name, const char *to);

/*
 * A file of the spool, as bytes. Pure. A line says what must follow,
 *
 *     httpbroker-submit spool 1: EVENTS events, BYTES bytes
 *
 * then comes each event, on one line. So what was cut or overwritten is known for it.
 */

#define SPOOL_FILE_EVENTS 500
#define SPOOL_FILE_BYTES ((size_t)256 * 1024)    /* of events; a longer one has its own file */
#define SPOOL_FILE_MAX ((size_t)2 * 1024 * 1024) /* no file is longer */

/*
 * Writes into `out`, which is cleared first, `first` and those behind it, while they come from
 * the same file as it (that is NULL, for events that come from none) and the file has at most
 * `most` bytes. Returns how many they are.
 */
size_t spool_file_write(struct buffer *out, const struct queued *first, size_t max);

/*
 * Appends the events of the file's bytes to `queue`, with `name` as their origin. False: the file
 * is damaged; nothing was appended, and *why says what is wrong.
 */
bool spool_file_read(const char *bytes, size_t length, const char *name, struct queue *queue,
	struct reason *why);

#endif
