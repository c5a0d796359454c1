/* SPDX-License-Identifier: MIT */
/*
 * The reference model of the simulations implements only the definition: an incident begins when a
 * kind has not been received for longer than max_latency of active time; it ends when both have
 * been received within max_latency of each other. Pure.
 */
#ifndef T_UNIT_OOBETET_MODEL_H
#define T_UNIT_OOBETET_MODEL_H

#include "common/clocks.h"
#include "oobetet/watch/match.h"

#include <stdbool.h>

#define MODEL_KINDS 2 /* problem and recovery */

/* Begins as all zeros but max_latency. The caller advances `listened`, the model's own clock. */
struct model {
	nsec max_latency;
	nsec listened;
	nsec received[MODEL_KINDS];
	bool open;
	nsec since;           /* when the newest incident began, of `listened` */
	long incidents, ends; /* so far */
};

/* To be called before each message, and before the model is read. */
void model_evaluate(struct model *model);
void model_receive(struct model *model, enum kind kind);

/* Receives a message of the past, with the stamp `stamp`, of `listened`; oldest first. */
void model_receive_late(struct model *model, enum kind kind, nsec stamp);

/* Is a limit over, but for so short that the watch may not have reported it yet? */
bool model_is_on_the_edge(const struct model *model, nsec within);

#endif
