/* SPDX-License-Identifier: MIT */
/*
 * Saves the state of the watches and their channels to the state file, and resumes it at a start.
 * Without a file, a start counts as if every kind of message had just come; so does a watch that
 * the file does not have.
 *
 * A crash loop must not lose its silence: a young run writes more often, and its first write
 * includes a quarter of a second in advance.
 */
#ifndef OOBETET_STATE_SNAPSHOT_H
#define OOBETET_STATE_SNAPSHOT_H

#include "oobetet/channel/watches.h"
#include "oobetet/state/quiet.h"
#include "oobetet/state/state.h"
#include "oobetet/state/statefile.h"

#include <limits.h>

#define SNAPSHOT_YOUNG (60 * NSEC_PER_SEC)

struct snapshot {
	struct statefile statefile;
	char path[PATH_MAX]; /* the state file's path, if there is one */
	struct watches *watches;
	struct quietfile *quietfile; /* planned work; owned */
	nsec interval;               /* between two writes; at first there are more */
	struct timestamps start;     /* of this run */
	bool guessed;                /* what snapshot_begin() returned, as in state_age() */
	bool crashed;                /* the previous run ended unexpectedly before SNAPSHOT_YOUNG */
};

/*
 * Opens `path` or, if NULL, oobetet.state in $STATE_DIRECTORY, and resumes the state in it.
 * `watches` stays valid. Returns how long nobody listened before this start; 0 if that is not
 * known.
 */
nsec snapshot_begin(struct snapshot *snapshot, const char *path, struct watches *watches,
	nsec interval, const struct timestamps *now);

/* Frees what snapshot_begin() made. */
void snapshot_end(struct snapshot *snapshot);

/*
 * The path of the state file: `path` or, if NULL, that in $STATE_DIRECTORY. False: there is none.
 */
bool snapshot_path(const char *path, char out[PATH_MAX]);

/*
 * Reads the state in that file and changes nothing. False: there is none that can be read. Call
 * state_free() in any case.
 */
bool snapshot_peek(const char *path, struct state *state);

/* Begins to write if it is time to, or if a first attempt waits for it. */
void snapshot_tick(struct snapshot *snapshot, const struct timestamps *now);
nsec snapshot_deadline(const struct snapshot *snapshot);

/*
 * Begins to write in any case; false: the previous write has not ended. `last`: this run ends in
 * good order.
 */
bool snapshot_write(struct snapshot *snapshot, const struct timestamps *now, bool last);

/* After a reload: the watches have changed, and perhaps the interval. */
void snapshot_update(struct snapshot *snapshot, nsec interval);

/* A child has ended; true: it was the writer. */
bool snapshot_ended(struct snapshot *snapshot, pid_t pid, int status);

#endif
