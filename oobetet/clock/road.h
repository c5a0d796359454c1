/* SPDX-License-Identifier: MIT */
/*
 * One road by which somebody is told: whether it is open, why it does not work, what it is still
 * to be told, and whether that may already be tried.
 */
#ifndef OOBETET_CLOCK_ROAD_H
#define OOBETET_CLOCK_ROAD_H

#include "oobetet/clock/outbox.h"
#include "oobetet/pace.h"

#define ROAD_WHY 300 /* bytes of a reason */

struct road {
	const char *name; /* the room's; the others' are said in words */
	enum way way;
	nsec limit; /* how long an answer may take */
	struct outbox *outbox;
	bool open;
	uint64_t intent;    /* the newest, among all roads'; 0: none yet */
	nsec intent_by;     /* when it is tried, recorded or not */
	char why[ROAD_WHY]; /* why it is closed, or does not take what it is told; "": it works */
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
void road_begin(
	struct road *road, const char *name, enum way way, const struct pace *pace, uint32_t seed);
void road_end(struct road *road);

void road_open(struct road *road);
void road_close(struct road *road, const char *why);

/* What is to be carried now, or NULL; it is under way from then on, as outbox_take() has it. */
const struct notice *road_take(struct road *road, struct intents *intents, nsec now, uint64_t *id);

/* When road_take() will have something to do if nothing else happens. */
nsec road_deadline(const struct road *road, const struct intents *intents);

/* What became of it. Logged is the first failure, and that it works again. Any road may be asked.
 */
void road_answer(struct road *road, uint64_t id, enum answer answer, const char *why, nsec now);

/* It takes what it is told, and nothing waits. */
bool road_works(const struct road *road);

#endif
