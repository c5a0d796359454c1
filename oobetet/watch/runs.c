/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/runs.h"

#include <string.h>

void runs_add(struct runs *runs, int value, nsec at, nsec gap)
{
	struct run *last = runs->count > 0 ? &runs->run[runs->count - 1] : NULL;

	if (last != NULL && at < last->until)
		return;
	if (last != NULL && last->value == value && at - last->until <= gap) {
		last->until = at;
		return;
	}
	if (runs->count == RUNS_MAX)
		memmove(runs->run, runs->run + 1, (size_t)--runs->count * sizeof runs->run[0]);
	runs->run[runs->count++] = (struct run){value, at, at};
}

const struct run *runs_last(const struct runs *runs)
{
	return runs->count > 0 ? &runs->run[runs->count - 1] : NULL;
}

nsec runs_covered(const struct runs *runs, nsec until, nsec gap)
{
	nsec since = until;

	for (int i = runs->count - 1; i >= 0; i--) {
		const struct run *run = &runs->run[i];

		if (run->from >= since)
			continue;
		if (since - run->until > gap)
			break;
		since = run->from;
	}
	return since;
}

nsec runs_span(const struct runs *runs, int value, nsec from, nsec until)
{
	nsec sum = 0;

	for (int i = 0; i < runs->count; i++) {
		const struct run *run = &runs->run[i];
		nsec first = run->from > from ? run->from : from;
		nsec last = run->until < until ? run->until : until;

		if (run->value == value && last > first)
			sum += last - first;
	}
	return sum;
}

bool runs_had(const struct runs *runs, int value, nsec from, nsec until)
{
	for (int i = 0; i < runs->count; i++)
		if (runs->run[i].value == value && runs->run[i].from <= until &&
			runs->run[i].until >= from)
			return true;
	return false;
}
