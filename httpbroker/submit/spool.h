/* SPDX-License-Identifier: MIT */
/*
 * Events that wait on disk for an unreachable broker: a directory with files of up to
 * SPOOL_FILE_EVENTS events, whose names sort in the order of the events (spool_files.h). A file
 * is complete or absent, survives a crash of the machine, and is removed with its last event. A
 * lock on the directory itself keeps two programs from sending the same events.
 *
 * Only the holder of the lock takes events out. Other runs may add some behind: the holder or the
 * next run sends them.
 */
#ifndef HTTPBROKER_SUBMIT_SPOOL_H
#define HTTPBROKER_SUBMIT_SPOOL_H

#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/submit/queue.h"

/* Listing a large directory takes a while: other runs' files are looked for at this interval. */
#define SPOOL_LOOK_AGAIN (10 * NSEC_PER_SEC)

/* Opens or creates the directory, of at most `max` bytes. NULL: *why. */
struct spool *spool_open(const char *path, size_t max, struct reason *why);

/* Tries to lock and list the directory; *why is set for SPOOL_ERROR. */
enum spool_lock { SPOOL_LOCKED, SPOOL_IN_USE, SPOOL_ERROR };
enum spool_lock spool_lock(struct spool *spool, struct reason *why);

/*
 * Appends the events of the next file to `queue`; false: there is none. A damaged file is logged
 * and renamed; an unreadable one is logged and left to the next run.
 */
bool spool_take(struct spool *spool, struct queue *queue);

/* A taken event has its response. The file is removed with its last event; if that fails, it is
 * logged, and the next run finds the file. */
void spool_settle(struct spool *spool, const struct queued *event);

/* Rewrites the taken files with their events that are left in `queue`. */
void spool_return(struct spool *spool, const struct queue *queue);

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

/* The spool in the main loop, with the events taken from it. Without a spool all of it is empty. */

struct store {
	struct spool *spool; /* NULL: none */
	struct queue taken;  /* events taken from it: they are sent first */
	size_t kept;         /* events put into it */
	bool refuses;        /* it is full or broken; logged */
};

/* True: stop waiting. */
typedef bool store_interrupted(void *context);

/* Waits for the lock until `until` (monotonic) or `interrupted`. False, and logged: another run
 * holds it, or locking failed. */
bool store_lock(struct store *store, nsec until, store_interrupted *interrupted, void *context);

/* The next events of the spool, enough for a batch of `max`; NULL: none. */
struct queue *store_take(struct store *store, size_t max);

/* An event of store_take() has its response. */
void store_settle(struct store *store, const struct queued *event);

/* Moves the queue into the spool, as far as there is room. */
void store_put(struct store *store, struct queue *queue);

/* There are files in the spool. */
bool store_holds(const struct store *store);

/* And they can be sent. */
bool store_waits(const struct store *store);

/* The number of damaged files. */
size_t store_damaged(const struct store *store);

/* Taken events without a response stay in the spool. */
void store_return(struct store *store);

#endif
