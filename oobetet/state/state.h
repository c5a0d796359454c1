/* SPDX-License-Identifier: MIT */
/*
 * What the state file holds: all that a restart must know, as lines of tab-separated fields,
 * escaped as ipc.h says, from `oobetet-state 1` to `end` with a checksum of all before it.
 * Every span is in nsec and counted from the moment of writing; the silence of a kind that is not
 * awaited is the largest number there is. The key of an open incident stands with each road that
 * was told, or is to be told, of it. Pure.
 */
#ifndef OOBETET_STATE_STATE_H
#define OOBETET_STATE_STATE_H

#include "common/buffer.h"
#include "common/reason.h"
#include "oobetet/channel/queue.h"
#include "oobetet/watch/watch.h"

#define STATE_MAX (1024 * 1024) /* bytes that a state may have */

struct state_channel {
	char name[NOTIFICATION_TEXT]; /* as channels.h names it */
	struct queue_saved queue;
};

struct state {
	nsec wall;                     /* when it was written, since the epoch */
	char watch[NOTIFICATION_TEXT]; /* whose past it is (target_name()) */
	bool young;                    /* written by a run that had just begun, and was to go on */
	struct watch_saved past;
	nsec since;                     /* past.open: the incident's beginning, since the epoch */
	nsec lasted;                    /* past.open: how long ago that was, by CLOCK_BOOTTIME */
	char key[NOTIFICATION_KEY];     /* past.open, read: its key; "": no road was told of it */
	struct state_channel *channels; /* owned */
	int count;
};

void state_write(const struct state *state, struct buffer *out);

/* Takes the text apart, in place. Whatever comes of it: state_free(). */
bool state_read(char *text, struct state *state, struct reason *why);
void state_free(struct state *state);

#endif
