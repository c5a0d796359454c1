/* SPDX-License-Identifier: MIT */
/*
 * The judge of the simulations knows only the definition: an incident begins when a kind has not
 * been said for longer than max_latency, of the time in which somebody listened; it ends when both
 * have been said within max_latency again. Pure.
 */
#ifndef T_UNIT_OOBETET_JUDGE_H
#define T_UNIT_OOBETET_JUDGE_H

#include "common/clocks.h"
#include "oobetet/watch/match.h"

#include <stdbool.h>

#define JUDGE_KINDS 2 /* problem and recovery */

/* Begins as all zeros but max_latency. The caller moves `listened`, the judge's own clock. */
struct judge {
	nsec max_latency;
	nsec listened;
	nsec said[JUDGE_KINDS];
	bool broken;
	nsec since;           /* when the newest incident began, of `listened` */
	long incidents, ends; /* so far */
};

/* To be called before anything is said, and before the judge is asked. */
void judge_look(struct judge *judge);
void judge_hear(struct judge *judge, enum kind kind);

/* Heard only now, and said at `stamp`, of `listened`; oldest first. */
void judge_recall(struct judge *judge, enum kind kind, nsec stamp);

/* Is a limit over, but for so short that the watch may not have told it yet? */
bool judge_is_on_the_edge(const struct judge *judge, nsec within);

#endif
