/* SPDX-License-Identifier: MIT */
/*
 * In which rooms the ear is, since when it is out of the others and why, and whom it listens to
 * in them. Pure, but for its log lines: a room is lost once, and found once.
 */
#ifndef OOBETET_WATCH_ROOMS_H
#define OOBETET_WATCH_ROOMS_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "oobetet/config/config.h"
#include "oobetet/watch/occupants.h"

struct rooms;

/*
 * Out of all of them. `config` is the caller's and stays valid. `notice` is how long it may take
 * the ear to find out that it is out of a room. All times are CLOCK_MONOTONIC.
 */
struct rooms *rooms_new(const struct config *config, nsec notification, nsec now);
void rooms_free(struct rooms *rooms);

/* The room was not there: in a mistyped one nobody else will ever be. */
void rooms_created(const struct rooms *rooms, const char *name);

/* Somebody has a watched nick, and what he says counts: a warning if it is somebody else now. */
void rooms_see(struct rooms *rooms, const char *name, const char *nick, const struct identity *seen,
	nsec now);

/* What the ear says of a room; false: none of ours. */
bool rooms_entered(struct rooms *rooms, const char *name, const char *nick);
bool rooms_left(struct rooms *rooms, const char *name, const char *why, nsec now);

/* The ear itself is gone. */
void rooms_all_left(struct rooms *rooms, const char *why, nsec now);

/* Do the words of this nick in this room count? */
bool rooms_listen(const struct rooms *rooms, const char *name, const char *nick);

int rooms_count(const struct rooms *rooms);
const char *rooms_name(const struct rooms *rooms, int index);

/*
 * Since when, at the earliest, we have not heard what was said in a room, the last time that we
 * were out of it; NSEC_NEVER: we have not been in before. History counts from then on.
 */
nsec rooms_missed(const struct rooms *rooms, int index);
int rooms_index(const struct rooms *rooms, const char *name); /* -1: none of ours */

/* The rooms that we are out of, as remarks to an alarm (notification.h). */
void rooms_remark(const struct rooms *rooms, nsec now, struct buffer *remarks);

#endif
