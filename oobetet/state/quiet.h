/* SPDX-License-Identifier: MIT */
/*
 * Planned work: times in which the alarms of a watch are held back (watch_hold()). `oobetet
 * --quiet` writes them to a file beside the state file, lines of tab-separated fields, escaped as
 * in message.h, with a checksum at the end as in state.h:
 *
 *     oobetet-quiet 1
 *     quiet WATCH FROM UNTIL BOOT BOOT_ID REASON
 *     end CHECKSUM
 *
 * A time ends at UNTIL by the wall clock. No step of that clock makes it longer than asked:
 * CLOCK_BOOTTIME, which cannot be set, ends it as well, from BOOT on if the machine has not been
 * booted since, else from when it was read.
 *
 * The functions quiet_ are pure, those of the file, quietfile_, are not.
 */
#ifndef OOBETET_STATE_QUIET_H
#define OOBETET_STATE_QUIET_H

#include "common/buffer.h"
#include "common/reason.h"
#include "oobetet/channel/incident.h"
#include "oobetet/state/state.h"

#define QUIET_LONGEST (24 * 3600 * NSEC_PER_SEC)
#define QUIET_ENTRIES 100 /* a file with more is refused */

struct quiet_entry {
	char watch[WATCH_NAME_MAX + 1]; /* "": every watch */
	nsec from, until;               /* since the epoch; at most QUIET_LONGEST apart */
	nsec boot;                      /* CLOCK_BOOTTIME at `from` ... */
	char boot_id[STATE_BOOT_ID];    /* ... of this boot; "": not known */
	char reason[PLANNED_REASON + 1];
	nsec ends; /* CLOCK_BOOTTIME of this boot; 0: not before quiet_begin() */
};

struct quiet {
	int count;
	struct quiet_entry entry[QUIET_ENTRIES]; /* one a watch */
};

void quiet_write(const struct quiet *quiet, struct buffer *out);

/* Parses the text, in place. False: nothing of it counts. */
bool quiet_read(char *text, struct quiet *quiet, struct reason *why);

/*
 * Sets when each entry ends. `boot_id` is this boot's; `before` is what was read before: an entry
 * that was in it ends no later than it did.
 */
void quiet_begin(struct quiet *quiet, const struct quiet *before, const char *boot_id,
	const struct timestamps *now);

/* How long the entry still lasts; 0: it is over, or does not count. */
nsec quiet_left(const struct quiet_entry *entry, const struct timestamps *now);

/* The entry that lasts longest of those for this watch; NULL: none. */
const struct quiet_entry *quiet_of(
	const struct quiet *quiet, const char *watch, const struct timestamps *now);

/* Replaces the entry of its watch; false: there is no room. Those that are over are dropped. */
bool quiet_put(struct quiet *quiet, const struct quiet_entry *entry, const struct timestamps *now);

/* Ends the entry of this watch; of "", all of them. Returns how many there were. */
int quiet_end(struct quiet *quiet, const char *watch, const struct timestamps *now);

/*
 * The file of planned work, STATE_FILE.quiet. The monitor never opens it while it runs: the child
 * that writes the state file reads it as well, each time, into memory that both share.
 *
 * It counts only as a plain file that belongs to root or to oobetet's own user and that nobody else
 * may write. One that does not count, or cannot be read or parsed, holds back no alarm; that is
 * logged once.
 */
#define QUIET_FILE_MAX 65536 /* bytes */

/* What was read of the file. */
struct quiet_text {
	bool read;                     /* false: nothing was read since this was set */
	struct reason why;             /* why the file does not count; "": it does */
	char text[QUIET_FILE_MAX + 1]; /* "": there is no file */
};

struct quietfile {
	char *path;                  /* owned; NULL: no state file, and so none of these */
	struct quiet_text *shared;   /* the child writes it */
	char *known;                 /* owned; text and reason as taken over last; NULL: nothing */
	char boot_id[STATE_BOOT_ID]; /* of this boot; "": not known */
	bool changed;                /* something new was taken over; the caller resets it */
	struct quiet quiet;          /* what counts */
};

/* Reads the file of this state file (NULL: there is none). Dies without memory to share. Free with
 * quietfile_free(). */
struct quietfile *quietfile_new(const char *state_file, const struct timestamps *now);
void quietfile_free(struct quietfile *quietfile);

/* In the child. `quietfile` is a struct quietfile. */
void quietfile_read(void *quietfile);

/* After the child has ended: takes over what it read. */
void quietfile_take(struct quietfile *quietfile, const struct timestamps *now);

/*
 * For `oobetet --quiet`, which may block: adds the entry, whose times are set here, or ends that of
 * its watch (`span` is 0), and writes the file. Returns how many entries were ended or added; -1:
 * see the reason. Two such calls do not lose each other's entries.
 */
int quietfile_change(
	const char *state_file, struct quiet_entry *entry, nsec span, struct reason *why);

#endif
