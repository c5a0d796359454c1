/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/status.h"

#include <stdio.h>
#include <string.h>

static const nsec bounds[HISTOGRAM_BOUNDS] = {
	NSEC_PER_MSEC / 4,
	NSEC_PER_MSEC / 2,
	1 * NSEC_PER_MSEC,
	5 * NSEC_PER_MSEC / 2,
	5 * NSEC_PER_MSEC,
	10 * NSEC_PER_MSEC,
	25 * NSEC_PER_MSEC,
	50 * NSEC_PER_MSEC,
	100 * NSEC_PER_MSEC,
	250 * NSEC_PER_MSEC,
	500 * NSEC_PER_MSEC,
	1 * NSEC_PER_SEC,
	2500 * NSEC_PER_MSEC,
	5 * NSEC_PER_SEC,
};

nsec histogram_bound(unsigned number)
{
	return bounds[number];
}

void histogram_add(struct histogram *histogram, nsec took)
{
	unsigned number = 0;

	while (number < HISTOGRAM_BOUNDS && took > bounds[number])
		number++;
	atomic_fetch_add_explicit(&histogram->counts[number], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, (uint64_t)took, memory_order_relaxed);
}

const char *delivery_role_name(enum delivery_role role)
{
	static const char *const names[] = {"starting", "active", "standby"};

	return names[role];
}

enum backpressure_change backpressure_update(
	struct backpressure *backpressure, int64_t length, nsec now)
{
	bool before = backpressure->paused;

	if (length > backpressure->max)
		backpressure->paused = true;
	else if (length < backpressure->max - backpressure->max / 10)
		backpressure->paused = false;
	if (backpressure->paused == before)
		return PRESSURE_SAME;
	backpressure->ask_at = now + backpressure->interval;
	return backpressure->paused ? PRESSURE_PAUSES : PRESSURE_RESUMES;
}

bool backpressure_asks(struct backpressure *backpressure, nsec now)
{
	if (!backpressure->paused || now < backpressure->ask_at)
		return false;
	backpressure->ask_at = now + backpressure->interval;
	return true;
}

#define POLICY_KEY "\nmaxmemory_policy:"

enum eviction_change eviction_update(
	struct eviction *eviction, const char *info, char policy[EVICTION_POLICY], nsec now)
{
	const char *found = strstr(info, POLICY_KEY);
	bool before = eviction->evicts;

	eviction->ask_at = now + EVICTION_ASKED;
	policy[0] = '\0';
	if (found == NULL)
		return EVICTION_SAME;
	found += strlen(POLICY_KEY);
	snprintf(policy, EVICTION_POLICY, "%.*s", (int)strspn(found, "abcdefghijklmnopqrstuvwxyz-"),
		found);
	eviction->evicts = strcmp(policy, "noeviction") != 0;
	if (eviction->evicts == before)
		return EVICTION_SAME;
	return eviction->evicts ? EVICTION_BEGINS : EVICTION_ENDS;
}
