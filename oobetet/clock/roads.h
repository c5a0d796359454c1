/* SPDX-License-Identifier: MIT */
/*
 * The roads by which somebody is told: each room, PagerDuty, and the alert_command. Each has its
 * outbox, and none waits for another. The ear, the pager and the command carry what is taken from
 * the outboxes.
 */
#ifndef OOBETET_CLOCK_ROADS_H
#define OOBETET_CLOCK_ROADS_H

#include "common/buffer.h"
#include "oobetet/clock/carriers.h"
#include "oobetet/clock/notice.h"
#include "oobetet/clock/outbox.h"
#include "oobetet/clock/state.h"
#include "oobetet/config/config.h"

struct roads;

/*
 * All closed, but the command. `config` and `subject` are the caller's and stay valid; `seed` is a
 * random number. Free with roads_free().
 */
struct roads *roads_new(const struct config *config, const struct subject *subject,
	const struct pace *pace, uint64_t seed);
void roads_free(struct roads *roads);

/* To be told by every road; if not `loud`, only by those that are not people's. */
void roads_put(struct roads *roads, const struct notice *notice, bool loud);

/* The ear is in a room, which may be one to be told, or is not. */
void roads_room_opened(struct roads *roads, const char *room);
void roads_room_closed(struct roads *roads, const char *room, const char *why);

/* A hand is gone, and its roads with it; or there is one again that can page. */
void roads_ear_lost(struct roads *roads, const char *why);
void roads_pager_lost(struct roads *roads, const char *why);
void roads_pager_started(struct roads *roads);

/*
 * What a hand, or the command's end, says of what it was to carry by its own way; of what went
 * another it has nothing to say. `why` is not looked at for ANSWER_DONE.
 */
void roads_answer(struct roads *roads, enum way way, const char *id, enum answer answer,
	const char *why, nsec now);

/* Hands the carriers whatever is due. */
void roads_deliver(struct roads *roads, const struct carriers *by, nsec now);
nsec roads_deadline(const struct roads *roads);

/* What is wrong with those that are open, as remarks to an alarm (notice.h). */
void roads_remark(const struct roads *roads, struct buffer *remarks);

/* Is there none by which anybody could be told: all closed, failing, or without an answer? */
bool roads_all_fail(const struct roads *roads);

/* Said once in each room to be told, as soon as we are in it, in place of what still waits. */
void roads_announce(struct roads *roads, const char *text);

/*
 * What is to be tried for the first time waits until that is written down (`recorded` has reached
 * what roads_intents() was then), or for half a second: a disk that hangs stops no alarm.
 */
uint64_t roads_intents(const struct roads *roads);
void roads_recorded(struct roads *roads, uint64_t recorded); /* UINT64_MAX: there is no file */

/* What a restart must know of each: into, and from, the state's roads. */
void roads_remember(const struct roads *roads, struct state *state);
void roads_resume(struct roads *roads, const struct state *state);

/* How many notices nobody has answered for. */
int roads_untold(const struct roads *roads);

#endif
