/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/limits.h"

static void left_out(
	struct counters *counters, enum left_out what, const struct event *event, const char *words)
{
	counters_left_out(counters, what, 1);
	log_debug("%.*s:%.*s: %s", (int)event->entity.length, event->entity.bytes,
		(int)event->check.length, event->check.bytes, words);
}

void left_out_count(struct counters *counters, const struct event *event, int flapjack)
{
	if (event->unknown_keys > 0)
		counters_left_out(counters, LEFT_OUT_KEY, event->unknown_keys);
	if (flapjack == 2 && event->perfdata.length > 0)
		left_out(counters, LEFT_OUT_PERFDATA, event,
			"left out 'perfdata', which would end a Flapjack 2");
	if (flapjack == 1 && event->initial_recovery_delay != EVENT_NOT_GIVEN)
		left_out(counters, LEFT_OUT_RECOVERY_DELAY, event,
			"left out 'initial_recovery_delay', which Flapjack 1 would reject");
	if (event->summary.length > LIMIT_SUMMARY)
		left_out(counters, LEFT_OUT_SUMMARY, event, "cut the end of 'summary'");
	if (event->details.length > LIMIT_DETAILS)
		left_out(counters, LEFT_OUT_DETAILS, event, "cut the end of 'details'");
}
