/* SPDX-License-Identifier: MIT */
/*
 * The file of planned work (quiet.h), STATE_FILE.quiet. The monitor never opens it while it runs:
 * the child that writes the state file reads it as well, each time, into memory that both share.
 *
 * It counts only as a plain file that belongs to root or to oobetet's own user and that nobody else
 * may write. One that does not count, or cannot be read or parsed, holds back no alarm; that is
 * logged once.
 */
#ifndef OOBETET_STATE_QUIETFILE_H
#define OOBETET_STATE_QUIETFILE_H

#include "oobetet/state/quiet.h"

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
	char boot_id[QUIET_BOOT_ID]; /* of this boot; "": not known */
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
