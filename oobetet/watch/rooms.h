/* SPDX-License-Identifier: MIT */
/*
 * Which rooms are joined, since when the others are not and why, and whose messages count in them.
 * Pure, except for log lines: each loss and each return is logged once.
 */
#ifndef OOBETET_WATCH_ROOMS_H
#define OOBETET_WATCH_ROOMS_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "oobetet/config/config.h"
#include "oobetet/watch/occupants.h"
#include "oobetet/watch/readings.h"

struct rooms;

/*
 * None is joined. `config` stays the caller's and valid. `delay` is how long the xmpp worker may
 * take to notice that it left a room. All times are CLOCK_MONOTONIC.
 */
struct rooms *rooms_new(const struct config *config, nsec delay, nsec now);
void rooms_free(struct rooms *rooms);

/* After a reload: `before` is freed, and what it knew of the same rooms is kept. */
void rooms_carry(struct rooms *rooms, struct rooms *before);

/* -1: not one of ours. */
int rooms_index(const struct rooms *rooms, const char *name);
int rooms_count(const struct rooms *rooms);
const char *rooms_name(const struct rooms *rooms, int index);

/* What the xmpp worker reports of a room; false: not one of ours. */
bool rooms_set_joined(struct rooms *rooms, const char *name, const char *nick);
bool rooms_left(struct rooms *rooms, const char *name, const char *why, nsec now);

/* The xmpp worker ended. */
void rooms_all_left(struct rooms *rooms, const char *why, nsec now);
bool rooms_all_joined(const struct rooms *rooms);

/* The room did not exist: if its name is mistyped, nobody else will ever be in it. */
void rooms_set_created(struct rooms *rooms, const char *name);
bool rooms_was_created(const struct rooms *rooms, int index);

/*
 * An occupant has a nick; logs a warning if a watch names that nick and it is somebody else's now.
 */
void rooms_see(struct rooms *rooms, const char *name, const char *nick, const struct identity *seen,
	nsec now);

bool rooms_is_joined(const struct rooms *rooms, const char *name);

/* A room that is not joined: for how long, and in *why the reason; 0: it is joined. */
nsec rooms_out(const struct rooms *rooms, int index, nsec now, const char **why);

/* How many occupants are kept: those with a watched nick, and those who fit a requirement. */
int rooms_occupants(const struct rooms *rooms);

/* Nobody has this nick any more. */
void rooms_depart(struct rooms *rooms, const char *name, const char *nick);

/*
 * True if the occupant is who the watch requires (watched_jid, watched_affiliation), as far as the
 * room shows that now. `id`: the message's occupant-id, "" if there is none. A recalled message
 * counts only if its id is that of the occupant who has the nick now. Logs why not.
 */
bool rooms_vouch(struct rooms *rooms, const struct watch_config *watch, const char *name,
	const char *nick, const char *id, bool recalled, nsec now);

/* How often a room was joined or lost so far. */
uint64_t rooms_changes(const struct rooms *rooms);

/* True if this room may get an answer now, which is then given: at most one a second. */
bool rooms_may_answer(struct rooms *rooms, const char *name, nsec now);

/* True if messages of this nick count for the watch; of this nick in this room. */
bool nick_counts(const struct watch_config *watch, const char *nick);
/* ROOM_... of the rooms that the watch listens in (readings.h); *why: of one that is not joined. */
int rooms_presence(const struct rooms *rooms, const struct watch_config *watch, const char **why);

/* True if messages of this nick in this room count for the watch. */
bool rooms_counts(const struct watch_config *watch, const char *name, const char *nick);

/*
 * The earliest moment of the last absence from a room; NSEC_NEVER: it was never joined. History
 * counts from then on.
 */
nsec rooms_missed(const struct rooms *rooms, int index);

/*
 * When to fetch heartbeat_url, by which another watcher knows that this one works: at each
 * interval, while all rooms are joined.
 */
struct heartbeat {
	const struct rooms *rooms;
	nsec interval; /* 0: there is no heartbeat_url, and it is never due */
	nsec next;     /* not before */
};

/* True if it is time. The next time is an interval later; what was missed is not made up for. */
bool heartbeat_due(struct heartbeat *heartbeat, nsec now);
nsec heartbeat_deadline(const struct heartbeat *heartbeat);

/* Appends the rooms of the watch that are not joined, as remarks to an alarm (notification.h). */
void rooms_remark(const struct rooms *rooms, const struct watch_config *watch, nsec now,
	struct buffer *remarks);

#endif
