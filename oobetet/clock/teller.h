/* SPDX-License-Identifier: MIT */
/* From the watch's verdict to the roads: what is told of an incident, in the log and by each road.
 */
#ifndef OOBETET_CLOCK_TELLER_H
#define OOBETET_CLOCK_TELLER_H

#include "oobetet/clock/roads.h"
#include "oobetet/clock/watch.h"

/* Nothing is owned. */
struct teller {
	const struct subject *subject;
	struct watch *watch;
	struct roads *roads;
	nsec since; /* the incident's beginning by the wall clock, as it was told first */
};

/* Judges the watch, and tells whatever there is to tell. Everything heard so far is taken in. */
void teller_judge(struct teller *teller, nsec now);

#endif
