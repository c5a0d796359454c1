/* SPDX-License-Identifier: MIT */
/*
 * Events that wait on the disk for a broker that is away: a directory with files of up to
 * SPOOL_FILE_EVENTS events, whose names sort in the order of the events (spool_files.h). A file
 * is there whole or not at all, survives a crash of the machine, and goes once its last event is
 * answered for. An empty spool is an empty directory: what keeps two programs from sending the
 * same events is a lock on the directory itself.
 *
 * Only who holds the lock may take events out. Who does not may still put some in, behind those
 * that are there: they go with the holder's, or with the next run's.
 */
#ifndef HTTPBROKER_SUBMIT_SPOOL_H
#define HTTPBROKER_SUBMIT_SPOOL_H

#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/submit/queue.h"

/* Listing a large directory takes a while: what others put in is looked for no more often. */
#define SPOOL_LOOK_AGAIN (10 * NSEC_PER_SEC)

/* Opens the directory, which is made if there is none, of at most `most` bytes. NULL: *why. */
struct spool *spool_open(const char *path, size_t max, struct reason *why);

/* Tries to get the lock, and looks what is there; *why is set if that fails otherwise. */
enum spool_lock { SPOOL_LOCKED, SPOOL_IN_USE, SPOOL_ERROR };
enum spool_lock spool_lock(struct spool *spool, struct reason *why);

/*
 * Appends the events of the next file to `queue`; false: there is none (left). One that is damaged
 * is logged, set aside under another name, and passed over; one that cannot be read is logged, and
 * left to the next run.
 */
bool spool_take(struct spool *spool, struct queue *queue);

/* An event that was taken is answered for. The last of a file takes the file with it; one that
 * cannot be removed is logged, and the next run will find it. */
void spool_settle(struct spool *spool, const struct queued *event);

/* What is left of the taken files' events in `queue` stays in them, and nothing else. */
void spool_return(struct spool *spool, const struct queue *queue);

/*
 * Moves the events of `queue` into new files behind all others, as many as there is room for.
 * False: not all; *why says why not.
 */
bool spool_put(struct spool *spool, struct queue *queue, struct reason *why);

/* True while a file is known to be there. */
bool spool_holds(const struct spool *spool);

/* True while one of them can still be dealt with: not so what cannot be read, or removed. */
bool spool_waits(const struct spool *spool);

/* Files that were set aside as damaged. */
size_t spool_damaged(const struct spool *spool);

const char *spool_path(const struct spool *spool);

void spool_close(struct spool *spool);

/* The spool in the main loop, with the events taken from it. Without a spool all of it is empty. */

struct store {
	struct spool *spool; /* NULL: there is none */
	struct queue taken;  /* out of it: they go before all others */
	size_t kept;         /* events that were put into it */
	bool refuses;        /* it is full, or broken; said */
};

/* True if there is no sense in waiting any longer. */
typedef bool store_interrupted(void *context);

/* Waits for the lock until then (monotonic), or until it is interrupted. False, and logged: another
 * has it, or it cannot be had. */
bool store_lock(struct store *store, nsec until, store_interrupted *interrupted, void *context);

/* The events out of the spool that go next, enough for a request of `most`; NULL: none. */
struct queue *store_take(struct store *store, size_t max);

/* Of the events that store_take() gave, this one is answered for. */
void store_settle(struct store *store, const struct queued *event);

/* Moves what waits into the spool, as far as that takes it. */
void store_put(struct store *store, struct queue *queue);

/* Something is in the spool. */
bool store_holds(const struct store *store);

/* And it can be sent. */
bool store_waits(const struct store *store);

/* Files that were found damaged. */
size_t store_damaged(const struct store *store);

/* What was taken and not answered for stays in the spool. */
void store_return(struct store *store);

#endif
