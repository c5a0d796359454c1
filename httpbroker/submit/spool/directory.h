/* SPDX-License-Identifier: MIT */
/*
 * The spool's directory: files that are there whole or not at all, and a lock on the directory
 * itself. Nothing here knows what is in the files.
 */
#ifndef HTTPBROKER_SUBMIT_SPOOL_DIRECTORY_H
#define HTTPBROKER_SUBMIT_SPOOL_DIRECTORY_H

#include "common/buffer.h"
#include "common/reason.h"

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

#endif
