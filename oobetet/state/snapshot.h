/* SPDX-License-Identifier: MIT */
/*
 * What oobetet knows of its past: kept in the state file while it runs, and taken up at a start.
 * Without a file the start counts as having heard everything.
 *
 * A run that is killed soon after its start, again and again, must not forget its silence: so a
 * young one writes more often, and its first writing counts a quarter of a second in advance.
 */
#ifndef OOBETET_STATE_SNAPSHOT_H
#define OOBETET_STATE_SNAPSHOT_H

#include "oobetet/state/statefile.h"
#include "oobetet/watch/incident.h"

#include <limits.h>

#define SNAPSHOT_YOUNG (60 * NSEC_PER_SEC)

struct snapshot {
	struct statefile statefile;
	char path[PATH_MAX];       /* keeper.path, where there is one */
	struct notifier *notifier; /* whose past it is, with its watch and roads */
	nsec interval;             /* between two writings; at first there are more */
	struct timestamps start;   /* of this run */
	bool crashed;     /* the run before was killed, or crashed, before it was SNAPSHOT_YOUNG */
	uint64_t to_come; /* the intents that the next writing holds */
};

/*
 * Opens `path`, or, if that is NULL, oobetet.state in $STATE_DIRECTORY. Takes up what is there.
 * `teller` is whole and stays valid. Returns how long nobody listened before this start: 0 if
 * that is not known.
 */
nsec snapshot_begin(struct snapshot *snapshot, const char *path, struct notifier *notifier,
	nsec interval, const struct timestamps *now);

/* Begins to write if it is time to, or if something is about to be told for the first time. */
void snapshot_tick(struct snapshot *snapshot, const struct timestamps *now);
nsec snapshot_deadline(const struct snapshot *snapshot);

/*
 * Begins to write, whatever the time; false: the last one is still being written. `last`: this run
 * was told to stop.
 */
bool snapshot_write(struct snapshot *snapshot, const struct timestamps *now, bool last);

/* A child has ended; true: it was the one that writes. */
bool snapshot_ended(struct snapshot *snapshot, pid_t pid, int status);

#endif
