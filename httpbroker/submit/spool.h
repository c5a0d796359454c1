/* SPDX-License-Identifier: MIT */
/*
 * Events that wait on disk for an unreachable broker: a directory with files of up to
 * SPOOL_FILE_EVENTS events, whose names sort in the order of the events (spool_files.h). A file
 * is complete or absent, survives a crash of the machine, and is removed with its last event. A
 * lock on the directory itself keeps two programs from sending the same events.
 *
 * Only the holder of the lock takes events out. Other runs may add some behind: the holder or the
 * next run sends them. NULL, to functions that read, is an empty spool.
 */
#ifndef HTTPBROKER_SUBMIT_SPOOL_H
#define HTTPBROKER_SUBMIT_SPOOL_H

#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/submit/queue.h"
#include "httpbroker/submit/spool_files.h"

/* Listing a large directory takes a while: other runs' files are looked for at this interval. */
#define SPOOL_LOOK_AGAIN (10 * NSEC_PER_SEC)

/* Opens or creates the directory, of at most `max` bytes. NULL: *why. */
struct spool *spool_open(const char *path, size_t max, struct reason *why);

/* False: nothing can be added or removed, and *why. A later run sends its events once more. */
bool spool_is_writable(const struct spool *spool, struct reason *why);

/* Tries to lock and list the directory; *why is set for SPOOL_ERROR. */
enum spool_lock spool_lock(struct spool *spool, struct reason *why);

/* Waits for the lock until `until` (monotonic) or `interrupted`. False, and logged: another run
 * holds it, or locking failed. */
bool spool_lock_wait(
	struct spool *spool, nsec until, bool (*interrupted)(void *context), void *context);

/*
 * Appends the events of the next file to `queue`; false: there is none. A damaged file is logged
 * and renamed; an unreadable one is logged and left to the next run.
 */
bool spool_take(struct spool *spool, struct queue *queue);

/* A taken event has its response. The file is removed with its last event; if that fails, it is
 * logged, and the next run finds the file. */
void spool_settle(struct spool *spool, const struct queued *event);

/* Rewrites the taken files with their events that are left in `queue`. */
void spool_rewrite(struct spool *spool, const struct queue *queue);

/*
 * Moves the events of `queue` into new files behind all others. False, with *why: not all of them
 * fit.
 */
bool spool_put(struct spool *spool, struct queue *queue, struct reason *why);

/* True while there are files. */
bool spool_holds(const struct spool *spool);

/* True while there are files to be sent: not those that cannot be read or removed. */
bool spool_waits(const struct spool *spool);

/* The number of damaged files. */
size_t spool_damaged(const struct spool *spool);

const char *spool_path(const struct spool *spool);

void spool_close(struct spool *spool);

#endif
