/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/limits.h"

static void dropped_field(struct counters *counters, enum dropped_field what,
	const struct event *event, const char *words)
{
	counters_dropped(counters, what, 1);
	log_debug("%.*s:%.*s: %s", (int)event->entity.length, event->entity.bytes,
		(int)event->check.length, event->check.bytes, words);
}

void dropped_count(struct counters *counters, const struct event *event, int flapjack)
{
	if (event->unknown_keys > 0)
		counters_dropped(counters, DROPPED_KEY, event->unknown_keys);
	if (flapjack == 2 && event->perfdata.length > 0)
		dropped_field(counters, DROPPED_PERFDATA, event,
			"left out 'perfdata', which would end a Flapjack 2");
	if (flapjack == 1 && event->initial_recovery_delay != EVENT_NOT_GIVEN)
		dropped_field(counters, DROPPED_RECOVERY_DELAY, event,
			"left out 'initial_recovery_delay', which Flapjack 1 would reject");
	if (event->summary.length > LIMIT_SUMMARY)
		dropped_field(counters, DROPPED_SUMMARY, event, "cut the end of 'summary'");
	if (event->details.length > LIMIT_DETAILS)
		dropped_field(counters, DROPPED_DETAILS, event, "cut the end of 'details'");
}
