/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/counters.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/limits.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef _Atomic uint64_t counter;

struct counters {
	counter dropped[DROPPED_FIELDS];
	struct histogram requests;
	struct overload overload;
	counter events[]; /* OUTCOMES of each format, and of no format */
};

static const char *const outcome_names[OUTCOMES] = {
	[OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_ACCEPTED] = "kept",
	[OUTCOME_OLDER] = "older",
	[OUTCOME_TEST] = "test",
	[OUTCOME_MERGED] = "merged",
	[OUTCOME_RETURNED] = "returned",
	[OUTCOME_NOTED] = "noted",
	[OUTCOME_UNDELIVERED] = "untold",
	[OUTCOME_TOO_LARGE] = "too_large",
	[OUTCOME_SYNTAX] = "syntax",
	[OUTCOME_SHAPE] = "shape",
	[OUTCOME_INVALID] = "invalid",
	[OUTCOME_FORBIDDEN] = "forbidden",
	[OUTCOME_FULL] = "full",
	[OUTCOME_LATER] = "later",
	[OUTCOME_STOPPING] = "stopping",
};

static const char *const dropped_names[DROPPED_FIELDS] = {
	[DROPPED_KEY] = "key",
	[DROPPED_PERFDATA] = "perfdata",
	[DROPPED_RECOVERY_DELAY] = "initial_recovery_delay",
	[DROPPED_SUMMARY] = "summary",
	[DROPPED_DETAILS] = "details",
};

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

bool outcome_is_success(enum outcome outcome)
{
	return outcome < OUTCOME_TOO_LARGE;
}

const char *dropped_name(enum dropped_field field)
{
	return dropped_names[field];
}

struct counters *counters_new(void)
{
	size_t events = (formats_count() + 1) * (size_t)OUTCOMES;

	return memory_zeroed(1, sizeof(struct counters) + events * sizeof(counter));
}

void counters_free(struct counters *counters)
{
	free(counters);
}

void counters_event(struct counters *counters, const struct format *format, enum outcome outcome,
	unsigned count)
{
	unsigned row = 0;

	while (row < formats_count() && format_at(row) != format)
		row++;
	atomic_fetch_add_explicit(
		&counters->events[row * (unsigned)OUTCOMES + outcome], count, memory_order_relaxed);
}

void counters_dropped(struct counters *counters, enum dropped_field field, unsigned count)
{
	atomic_fetch_add_explicit(&counters->dropped[field], count, memory_order_relaxed);
}

uint64_t counters_events(const struct counters *counters, unsigned format, enum outcome outcome)
{
	return atomic_load_explicit(
		&counters->events[format * (unsigned)OUTCOMES + outcome], memory_order_relaxed);
}

uint64_t counters_dropped_total(const struct counters *counters, enum dropped_field field)
{
	return atomic_load_explicit(&counters->dropped[field], memory_order_relaxed);
}

void counters_request(struct counters *counters, nsec took)
{
	histogram_add(&counters->requests, took);
}

const struct histogram *counters_requests(const struct counters *counters)
{
	return &counters->requests;
}

enum overload_change overload_note(struct overload *overload, bool refused, nsec now)
{
	if (refused)
		return atomic_exchange(&overload->last, now) == 0 ? OVERLOAD_BEGINS : OVERLOAD_SAME;
	nsec last = atomic_load(&overload->last);
	if (last == 0 || now - last < OVERLOAD_QUIET)
		return OVERLOAD_SAME;
	return atomic_compare_exchange_strong(&overload->last, &last, 0) ? OVERLOAD_ENDS
									 : OVERLOAD_SAME;
}

void overload_update(struct counters *counters, bool refused)
{
	if (!refused && atomic_load(&counters->overload.last) == 0)
		return;
	switch (overload_note(&counters->overload, refused, clock_monotonic())) {
	case OVERLOAD_SAME:
		return;
	case OVERLOAD_BEGINS:
		log_warning("events are refused, 503: a limit is reached: checks (--max-states), "
			    "events that wait for Redis or the output (--max-pending) or memory "
			    "of requests (--max-held)");
		return;
	case OVERLOAD_ENDS:
		log_info("events are accepted again: no limit is reached any more");
	}
}

static void dropped_log(struct counters *counters, enum dropped_field field,
	const struct event *event, const char *words)
{
	counters_dropped(counters, field, 1);
	log_debug("%.*s:%.*s: %s", (int)event->entity.length, event->entity.bytes,
		(int)event->check.length, event->check.bytes, words);
}

void dropped_count(struct counters *counters, const struct event *event, int flapjack)
{
	if (event->unknown_keys > 0)
		counters_dropped(counters, DROPPED_KEY, event->unknown_keys);
	if (flapjack == 2 && event->perfdata.length > 0)
		dropped_log(counters, DROPPED_PERFDATA, event,
			"left out 'perfdata', which Flapjack 2 would exit on");
	if (flapjack == 1 && event->initial_recovery_delay != EVENT_NOT_GIVEN)
		dropped_log(counters, DROPPED_RECOVERY_DELAY, event,
			"left out 'initial_recovery_delay', which Flapjack 1 would reject");
	if (event->summary.length > LIMIT_SUMMARY)
		dropped_log(counters, DROPPED_SUMMARY, event, "cut the end of 'summary'");
	if (event->details.length > LIMIT_DETAILS)
		dropped_log(counters, DROPPED_DETAILS, event, "cut the end of 'details'");
}
