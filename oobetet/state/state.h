/* SPDX-License-Identifier: MIT */
/*
 * The content of the state file: lines of tab-separated fields, escaped as in message.h, from
 * `oobetet-state 2` to `end` with a checksum of everything before:
 *
 *     written WALL
 *     booted BOOT BOOT_ID  if that is known; then, for each watch:
 *     watch NAME TARGET
 *     silence ...          and what else struct watch_state has of it
 *
 * Spans are in nsec, counted from the moment of writing; the silence of a kind that is not awaited
 * is the largest number. The key of an open incident is stored with each channel (`road`) that has
 * had a notification (`notice`) of it. Version 1, which is still read, has one watch without a
 * name. Pure.
 */
#ifndef OOBETET_STATE_STATE_H
#define OOBETET_STATE_STATE_H

#include "common/buffer.h"
#include "common/reason.h"
#include "oobetet/channel/channels.h"
#include "oobetet/watch/watch.h"

/* Bytes of a state file: every channel of WATCHES_MAX watches with full queues needs less. */
#define STATE_MAX (64 * 1024 * 1024)

#define STATE_ADDRESS 200 /* bytes: no line of the configuration is longer */
#define STATE_BOOT_ID 40  /* holds /proc/sys/kernel/random/boot_id */

struct watch_state {
	char name[WATCH_NAME_MAX + 1];  /* of its section; "": the only one has none */
	char target[NOTIFICATION_TEXT]; /* target_name() of the watched check */
	struct watch_saved past;
	nsec since;                  /* past.open: the incident's beginning, since the epoch */
	nsec lasted;                 /* past.open: how long ago that was, by CLOCK_BOOTTIME */
	char key[NOTIFICATION_KEY];  /* past.open, after reading: its key; "": no channel has it */
	bool ending;                 /* it is not configured any more (channel/watches.h) */
	nsec service;                /* incident.h service_sum(); 0: it has no PagerDuty */
	nsec period;                 /* of the port of probe_flapper, as measured; 0: it was not */
	char flapper[STATE_ADDRESS]; /* period > 0: that port */
	struct channel_saved *channels; /* owned */
	int count;
};

struct state {
	nsec wall;                   /* when it was written, since the epoch ... */
	nsec boot;                   /* ... and by CLOCK_BOOTTIME ... */
	char boot_id[STATE_BOOT_ID]; /* ... of this boot; "": not known */
	bool young;                  /* written by a run that had just begun and went on */
	struct watch_state *watches; /* owned */
	int count;                   /* at least one, after reading */
};

void state_write(const struct state *state, struct buffer *out);

/* Parses the text, in place. Call state_free() in any case. */
bool state_read(char *text, struct state *state, struct reason *why);
void state_free(struct state *state);

/*
 * How long ago it was written: by CLOCK_BOOTTIME if the machine has not been booted since
 * (`boot_id` is that of now). Else it is *guessed by the wall clock, which may have been set.
 */
nsec state_age(const struct state *state, const char *boot_id, nsec boot, nsec wall, bool *guessed);

/* Appends the last line, with the checksum of all before. */
void state_seal(struct buffer *out);

/* Checks the last line and cuts it off. False: the text is damaged. */
bool state_unseal(char *text);

#endif
