/* SPDX-License-Identifier: MIT */
/*
 * The roads by which somebody is told: each room, PagerDuty, and the alert_command. Each has its
 * outbox, and none waits for another. The ear, the pager and the command carry what is taken from
 * the outboxes.
 */
#ifndef OOBETET_CHANNEL_CHANNELS_H
#define OOBETET_CHANNEL_CHANNELS_H

#include "common/buffer.h"
#include "oobetet/channel/command.h"
#include "oobetet/channel/notification.h"
#include "oobetet/channel/queue.h"
#include "oobetet/config/config.h"
#include "oobetet/state/state.h"
#include "oobetet/timing.h"
#include "oobetet/worker.h"
#include "oobetet/workers.h"

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

/* What is wrong with those that are open, as remarks to an alarm (notification.h). */
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

/*
 * One road by which somebody is told: whether it is open, why it does not work, what it is still
 * to be told, and whether that may already be tried.
 */

#define CHANNEL_WHY 300 /* bytes of a reason */

struct channel {
	const char *name; /* the room's; the others' are said in words */
	enum channel_type type;
	nsec limit; /* how long an answer may take */
	struct queue *queue;
	bool open;
	uint64_t intent;       /* the newest, among all roads'; 0: none yet */
	nsec intent_by;        /* when it is tried, recorded or not */
	char why[CHANNEL_WHY]; /* why it is closed, or does not take what it is told; "": it works
				*/
};

/*
 * What is to be tried for the first time waits until that is written down, but not for ever. Shared
 * by all roads.
 */
struct intents {
	uint64_t count;    /* so far */
	uint64_t recorded; /* of these */
};

/* Closed, and empty; a command is always there. `name` stays the caller's; `seed` is random. */
void channel_begin(struct channel *channel, const char *name, enum channel_type type,
	const struct timing *timing, uint32_t seed);
void channel_end(struct channel *channel);

void channel_open(struct channel *channel);
void channel_close(struct channel *channel, const char *why);

/* What is to be carried now, or NULL; it is under way from then on, as queue_take() has it. */
const struct notification *channel_take(
	struct channel *channel, struct intents *intents, nsec now, uint64_t *id);

/* When channel_take() will have something to do if nothing else happens. */
nsec channel_deadline(const struct channel *channel, const struct intents *intents);

/* What became of it. Logged is the first failure, and that it works again. Any road may be asked.
 */
void channel_answer(
	struct channel *channel, uint64_t id, enum answer answer, const char *why, nsec now);

/* It takes what it is told, and nothing waits. */
bool channel_works(const struct channel *channel);

/* A notice in the words of each who carries it: the ear's, the pager's, the command's. */

/* `id` names it in the answer, of the hand or in the command's outcome. */
void send_to_room(struct worker *xmpp, const char *room, const char *text, const char *id);
void send_to_pagerduty(struct worker *http, const struct target *target,
	const struct notification *notification, const char *id);

/* False: the command still runs with what it was given before. */
bool send_to_command(struct command *command, const struct target *target,
	const struct notification *notification, const char *id, nsec now);

#endif
