/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/activetime.h"

#define LOAD (2 * NSEC_PER_SEC)    /* a loaded machine may wake us so late */
#define SKEW (100 * NSEC_PER_MSEC) /* between two clocks read one after the other */

void active_time_begin(struct active_time *active_time, nsec tick, nsec monotonic, nsec boot)
{
	*active_time = (struct active_time){
		.tick = tick, .turned = monotonic, .suspended = boot - monotonic};
}

static void gap_add(struct active_time *active_time, nsec from, nsec until)
{
	int place = active_time->count++ % ACTIVE_TIME_GAPS;

	active_time->gaps[place].from = from;
	active_time->gaps[place].until = until;
	active_time->away += until - from;
}

/* Since when the process did not run; `monotonic`: it always ran. */
static nsec stopped_since(const struct active_time *active_time, bool continued, nsec monotonic)
{
	nsec expected = active_time->turned + active_time->tick;

	if (continued)
		return active_time->turned;
	/* active time must advance even if every turn is late */
	return monotonic > expected + LOAD ? expected : monotonic;
}

nsec active_time_turn(struct active_time *active_time, bool continued, nsec monotonic, nsec boot)
{
	nsec from = stopped_since(active_time, continued, monotonic);
	nsec suspended = boot - monotonic - active_time->suspended;

	if (from < monotonic)
		gap_add(active_time, from, monotonic);
	active_time->turned = monotonic;
	active_time->suspended = boot - monotonic;
	return monotonic - from + (suspended > SKEW ? suspended : 0);
}

nsec active_time_at(const struct active_time *active_time, nsec monotonic)
{
	int known = active_time->count < ACTIVE_TIME_GAPS ? active_time->count : ACTIVE_TIME_GAPS;
	nsec away = active_time->away;

	for (int i = 0; i < known; i++) {
		if (active_time->gaps[i].from >= monotonic)
			away -= active_time->gaps[i].until - active_time->gaps[i].from;
		else if (active_time->gaps[i].until > monotonic)
			away -= active_time->gaps[i].until - monotonic;
	}
	return monotonic - away;
}
