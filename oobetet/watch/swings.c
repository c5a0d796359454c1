/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/swings.h"

#include "oobetet/watch/readings.h"

const int swing_bounds[SWING_BUCKETS] = {1, 5, 15, 30, 60, 120, 300, 600, 1800};

void swings_hear(struct swings *swings, enum kind kind, nsec stamp)
{
	if ((int)kind < SWING_KINDS && swings->heard[kind] == 0)
		swings->heard[kind] = stamp;
}

static void pair_add(struct swings *swings, int kind, nsec delay)
{
	swings->known[kind] = true;
	swings->delay[kind] = delay;
	swings->count++;
	swings->sum += delay;
	for (int i = 0; i < SWING_BUCKETS; i++)
		if (delay <= swing_bounds[i] * NSEC_PER_SEC) {
			swings->bucket[i]++;
			return;
		}
}

/* The last change to `value` that may have come before `heard`; NULL: it is not known. */
static const struct run *change_find(const struct runs *port, int value, nsec heard, nsec gap)
{
	for (int i = port->count - 1; i > 0; i--) {
		const struct run *run = &port->run[i], *before = &port->run[i - 1];

		if (run->value == value && before->until < heard)
			return before->value != value && run->from - before->until <= gap ? run
											  : NULL;
	}
	return NULL;
}

void swings_read(struct swings *swings, const struct runs *port, nsec at, nsec gap)
{
	static const int values[SWING_KINDS] = {
		[KIND_PROBLEM] = PORT_REFUSED, [KIND_RECOVERY] = PORT_OPEN};

	for (int kind = 0; kind < SWING_KINDS; kind++) {
		nsec heard = swings->heard[kind];

		if (heard == 0 || at <= heard)
			continue;
		swings->heard[kind] = 0;
		const struct run *run = change_find(port, values[kind], heard, gap);
		if (run == NULL || run->from == swings->paired[kind])
			continue;
		nsec middle = (run->from + (run - 1)->until) / 2;

		swings->paired[kind] = run->from;
		pair_add(swings, kind, heard > middle ? heard - middle : 0);
	}
}
