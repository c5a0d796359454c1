/* SPDX-License-Identifier: MIT */
/*
 * The content of the state file: lines of tab-separated fields, escaped as in ipc.h, from
 * `oobetet-state 1` to `end` with a checksum of everything before. Spans are in nsec, counted from
 * the moment of writing; the silence of a kind that is not awaited is the largest number. The key
 * of an open incident is stored with each channel (`road`) that has had a notification (`notice`)
 * of it. Pure.
 */
#ifndef OOBETET_STATE_STATE_H
#define OOBETET_STATE_STATE_H

#include "common/buffer.h"
#include "common/reason.h"
#include "oobetet/channel/channels.h"
#include "oobetet/watch/watch.h"

#define STATE_MAX (1024 * 1024) /* bytes of a state file */

struct state {
	nsec wall;                     /* when it was written, since the epoch */
	char watch[NOTIFICATION_TEXT]; /* target_name() of the watched check */
	bool young;                    /* written by a run that had just begun and went on */
	struct watch_saved past;
	nsec since;                 /* past.open: the incident's beginning, since the epoch */
	nsec lasted;                /* past.open: how long ago that was, by CLOCK_BOOTTIME */
	char key[NOTIFICATION_KEY]; /* past.open, after reading: its key; "": no channel has it */
	struct channel_saved *channels; /* owned */
	int count;
};

void state_write(const struct state *state, struct buffer *out);

/* Parses the text, in place. Call state_free() in any case. */
bool state_read(char *text, struct state *state, struct reason *why);
void state_free(struct state *state);

/* Appends the last line, with the checksum of all before. */
void state_seal(struct buffer *out);

/* Checks the last line and cuts it off. False: the text is damaged. */
bool state_unseal(char *text);

#endif
