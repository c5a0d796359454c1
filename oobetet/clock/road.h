/* SPDX-License-Identifier: MIT */
/*
 * One road by which somebody is told: whether it is open, why it does not work, what it is still
 * to be told, and whether that may already be tried.
 */
#ifndef OOBETET_CLOCK_ROAD_H
#define OOBETET_CLOCK_ROAD_H

#include "oobetet/clock/outbox.h"
#include "oobetet/pace.h"

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

#endif
