/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/counters.h"

#include "common/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef _Atomic uint64_t counter;

struct counters {
	counter left_outs[LEFT_OUTS];
	struct histogram requests;
	struct crowding crowding;
	counter events[]; /* FATES of each format, and of no format */
};

static const char *const fates[FATES] = {
	[FATE_DELIVERED] = "delivered",
	[FATE_KEPT] = "kept",
	[FATE_OLDER] = "older",
	[FATE_TEST] = "test",
	[FATE_MERGED] = "merged",
	[FATE_NOTED] = "noted",
	[FATE_UNTOLD] = "untold",
	[FATE_TOO_LARGE] = "too_large",
	[FATE_SYNTAX] = "syntax",
	[FATE_SHAPE] = "shape",
	[FATE_INVALID] = "invalid",
	[FATE_FORBIDDEN] = "forbidden",
	[FATE_FULL] = "full",
	[FATE_LATER] = "later",
	[FATE_STOPPING] = "stopping",
};

static const char *const left_outs[LEFT_OUTS] = {
	[LEFT_OUT_KEY] = "key",
	[LEFT_OUT_PERFDATA] = "perfdata",
	[LEFT_OUT_RECOVERY_DELAY] = "initial_recovery_delay",
	[LEFT_OUT_SUMMARY] = "summary",
	[LEFT_OUT_DETAILS] = "details",
};

const char *fate_name(enum fate fate)
{
	return fates[fate];
}

bool fate_is_accepted(enum fate fate)
{
	return fate < FATE_TOO_LARGE;
}

const char *left_out_name(enum left_out what)
{
	return left_outs[what];
}

struct counters *counters_new(void)
{
	size_t events = (formats_count() + 1) * (size_t)FATES;

	return memory_zeroed(1, sizeof(struct counters) + events * sizeof(counter));
}

void counters_free(struct counters *counters)
{
	free(counters);
}

struct crowding *counters_crowding(struct counters *counters)
{
	return &counters->crowding;
}

void counters_event(
	struct counters *counters, const struct format *format, enum fate fate, unsigned count)
{
	unsigned row = 0;

	while (row < formats_count() && format_at(row) != format)
		row++;
	atomic_fetch_add_explicit(
		&counters->events[row * (unsigned)FATES + fate], count, memory_order_relaxed);
}

void counters_left_out(struct counters *counters, enum left_out what, unsigned count)
{
	atomic_fetch_add_explicit(&counters->left_outs[what], count, memory_order_relaxed);
}

uint64_t counters_events(const struct counters *counters, unsigned format, enum fate fate)
{
	return atomic_load_explicit(
		&counters->events[format * (unsigned)FATES + fate], memory_order_relaxed);
}

uint64_t counters_left_outs(const struct counters *counters, enum left_out what)
{
	return atomic_load_explicit(&counters->left_outs[what], memory_order_relaxed);
}

void counters_request(struct counters *counters, nsec took)
{
	histogram_add(&counters->requests, took);
}

const struct histogram *counters_requests(const struct counters *counters)
{
	return &counters->requests;
}
