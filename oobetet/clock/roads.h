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

struct channels;

/*
 * All closed, but the command. `config` and `subject` are the caller's and stay valid; `seed` is a
 * random number. Free with channels_free().
 */
struct channels *channels_new(const struct config *config, const struct target *target,
	const struct timing *timing, uint64_t seed);
void channels_free(struct channels *channels);

/* To be told by every road; if not `loud`, only by those that are not people's. */
void channels_put(struct channels *channels, const struct notification *notification, bool loud);

/* The ear is in a room, which may be one to be told, or is not. */
void channels_room_opened(struct channels *channels, const char *room);
void channels_room_closed(struct channels *channels, const char *room, const char *why);

/* A hand is gone, and its roads with it; or there is one again that can page. */
void channels_xmpp_lost(struct channels *channels, const char *why);
void channels_http_lost(struct channels *channels, const char *why);
void channels_http_started(struct channels *channels);

/*
 * What a hand, or the command's end, says of what it was to carry by its own way; of what went
 * another it has nothing to say. `why` is not looked at for ANSWER_DONE.
 */
void channels_answer(struct channels *channels, enum channel_type type, const char *id,
	enum answer answer, const char *why, nsec now);

/* Hands the carriers whatever is due. */
void channels_send(struct channels *channels, const struct workers *by, nsec now);
nsec channels_deadline(const struct channels *channels);

/* What is wrong with those that are open, as remarks to an alarm (notice.h). */
void channels_remark(const struct channels *channels, struct buffer *remarks);

/* Is there none by which anybody could be told: all closed, failing, or without an answer? */
bool channels_all_fail(const struct channels *channels);

/* Said once in each room to be told, as soon as we are in it, in place of what still waits. */
void channels_announce(struct channels *channels, const char *text);

/*
 * What is to be tried for the first time waits until that is written down (`recorded` has reached
 * what channels_intents() was then), or for half a second: a disk that hangs stops no alarm.
 */
uint64_t channels_intents(const struct channels *channels);
void channels_recorded(
	struct channels *channels, uint64_t recorded); /* UINT64_MAX: there is no file */

/* What a restart must know of each: into, and from, the state's roads. */
void channels_remember(const struct channels *channels, struct state *state);
void channels_resume(struct channels *channels, const struct state *state);

/* How many notices nobody has answered for. */
int channels_pending(const struct channels *channels);

#endif
