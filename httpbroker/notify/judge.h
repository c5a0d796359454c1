/* SPDX-License-Identifier: MIT */
/*
 * Decides which events are notifications: a change of a check between ok and not ok, or between
 * kinds of not ok; an acknowledgement; a test. Delays, repeats and the end of checks that are no
 * longer reported are timers of its own. Pure: events and the time go in, notifications come out.
 *
 * The stream's clock runs while events arrive: a pause of all of them counts as at most 1/24 of
 * forget_after. So a check is no longer reported only if others are.
 */
#ifndef HTTPBROKER_NOTIFY_JUDGE_H
#define HTTPBROKER_NOTIFY_JUDGE_H

#include "common/clocks.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/notify/notification.h"
#include "httpbroker/notify/problems.h"

struct judge_settings {
	nsec initial_failure_delay; /* of events that have none */
	nsec repeat;                /* NSEC_NEVER: a lasting problem is not told again */
	nsec forget_after;
	size_t max_problems;
	/* Called for each notification; its texts live until it returns. */
	void (*tell)(const struct notification *notification, void *context);
	void *context;
};

/* {.settings} is a new one. */
struct judge {
	struct judge_settings settings;
	struct problems problems; /* to be freed by problems_free() */
	nsec stream;              /* the stream's clock */
	nsec event_at;            /* monotonic; of the last event; 0: none yet */
};

/* The event is valid (event_check). False, and why: there are more problems than max_problems. */
bool judge_event(
	struct judge *judge, const struct event *event, struct moment now, struct reason *why);

/* Timers: at most `max` of those that are due at judge_deadline(). */
void judge_tick(struct judge *judge, struct moment now, unsigned max);
nsec judge_deadline(const struct judge *judge);

/* No event will come: what waits for the end of a delay is told now. */
void judge_finish(struct judge *judge, struct moment now);

/* The problems were loaded: the stream's clock goes on, and repeats follow the settings. */
void judge_resume(struct judge *judge, struct moment now);

/* The notification of a problem that lasts. Its texts live as long as the problem. */
struct notification judge_problem(const struct problem *problem, int64_t time);

#endif
