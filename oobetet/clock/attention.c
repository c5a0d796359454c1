/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/attention.h"

#define LOAD (2 * NSEC_PER_SEC)    /* a loaded machine may wake us so late */
#define SKEW (100 * NSEC_PER_MSEC) /* between two clocks that are read one after the other */

void attention_begin(struct attention *attention, nsec tick, nsec monotonic, nsec boot)
{
	*attention = (struct attention){
		.tick = tick, .turned = monotonic, .suspended = boot - monotonic};
}

static void gap_add(struct attention *attention, nsec from, nsec until)
{
	int place = attention->count++ % ATTENTION_GAPS;

	attention->gaps[place].from = from;
	attention->gaps[place].until = until;
	attention->away += until - from;
}

/* Since when nobody looked; `monotonic`: somebody always did. */
static nsec stopped_since(const struct attention *attention, bool continued, nsec monotonic)
{
	nsec expected = attention->turned + attention->tick;

	if (continued)
		return attention->turned;
	/* time must go on for one who is always late, too */
	return monotonic > expected + LOAD ? expected : monotonic;
}

nsec attention_turn(struct attention *attention, bool continued, nsec monotonic, nsec boot)
{
	nsec from = stopped_since(attention, continued, monotonic);
	nsec suspended = boot - monotonic - attention->suspended;

	if (from < monotonic)
		gap_add(attention, from, monotonic);
	attention->turned = monotonic;
	attention->suspended = boot - monotonic;
	return monotonic - from + (suspended > SKEW ? suspended : 0);
}

nsec attention_at(const struct attention *attention, nsec monotonic)
{
	int known = attention->count < ATTENTION_GAPS ? attention->count : ATTENTION_GAPS;
	nsec away = attention->away;

	for (int i = 0; i < known; i++) {
		if (attention->gaps[i].from >= monotonic)
			away -= attention->gaps[i].until - attention->gaps[i].from;
		else if (attention->gaps[i].until > monotonic)
			away -= attention->gaps[i].until - monotonic;
	}
	return monotonic - away;
}
