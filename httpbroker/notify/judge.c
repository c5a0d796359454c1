/* SPDX-License-Identifier: MIT */
/*
 * A check by the state that was told last and that of its last event:
 *
 *   told       state     its problem               `due`
 *   ok         ok        there is none
 *   ok         failure   not told yet              the end of initial_failure_delay
 *   failure    the same  lasts                     the next repeat; never, if acknowledged
 *   failure    another   is told at once
 *   failure    ok        its recovery is delayed   the end of initial_recovery_delay
 *
 * After an acknowledgement, the state that it found counts as told.
 */
#include "httpbroker/notify/judge.h"

#include <string.h>
#include <utlist.h>

enum { PAUSES = 24 }; /* of forget_after */

static void stream_advance(struct judge *judge, nsec now)
{
	nsec longest = judge->settings.forget_after / PAUSES;
	nsec pause = judge->event_at == 0 ? 0 : now - judge->event_at;

	judge->stream += nsec_earlier(pause, longest);
	judge->event_at = now;
}

static int64_t stream_seconds(const struct judge *judge)
{
	return judge->stream / NSEC_PER_SEC;
}

static void tell(struct judge *judge, const struct notification *notification)
{
	judge->settings.tell(notification, judge->settings.context);
}

static struct notification notification_of(const struct problem *problem, int64_t time)
{
	struct notification notification = {
		.kind = NOTIFICATION_PROBLEM,
		.state = (enum state)problem->state,
		.previous = (enum state)problem->told,
		.summary = text_literal(problem->summary != NULL ? problem->summary : ""),
		.time = time,
		.since = problem->since,
	};

	names_split((struct text){problem->names, problem->hh.keylen}, &notification.entity,
		&notification.check);
	return notification;
}

struct notification judge_problem(const struct problem *problem, int64_t time)
{
	struct notification notification = notification_of(problem, time);

	notification.state = (enum state)problem->told;
	return notification;
}

static void repeat_schedule(struct judge *judge, struct problem *problem, nsec now)
{
	nsec repeat = judge->settings.repeat, least = problem->repeat_delay * NSEC_PER_SEC;

	if (repeat == NSEC_NEVER || problem->acknowledged || problem->told == STATE_OK)
		problem_schedule(&judge->problems, problem, NSEC_NEVER);
	else
		problem_schedule(
			&judge->problems, problem, now + (repeat > least ? repeat : least));
}

/* --repeat may have been another one, or none, when the record was written. */
static void repeat_resume(struct judge *judge, struct problem *problem, struct moment now)
{
	nsec due = problem->due;

	if (problem->state == STATE_OK || problem->told != problem->state)
		return; /* it is due at the end of a delay */
	repeat_schedule(judge, problem, now.monotonic);
	if (due < problem->due && problem->due != NSEC_NEVER)
		problem_schedule(&judge->problems, problem, due);
	if (due != problem->due)
		problem_change(&judge->problems, problem, now);
}

void judge_resume(struct judge *judge, struct moment now)
{
	struct problem *problem = judge->problems.heard;

	judge->event_at = 0;
	judge->stream = 0;
	/* heard last is the tail of that list, which utlist's head knows */
	if (problem != NULL)
		judge->stream = problem->prev->heard * NSEC_PER_SEC;
	DL_FOREACH(judge->problems.heard, problem)
		repeat_resume(judge, problem, now);
}

static void problem_tell(
	struct judge *judge, struct problem *problem, int64_t time, struct moment now)
{
	struct notification notification = notification_of(problem, time);

	problem->told = problem->state;
	repeat_schedule(judge, problem, now.monotonic);
	problem_change(&judge->problems, problem, now);
	tell(judge, &notification);
}

static void recovery_tell(struct judge *judge, struct problem *problem, int64_t time)
{
	struct notification notification = notification_of(problem, time);

	notification.kind = NOTIFICATION_RECOVERY;
	notification.state = STATE_OK;
	tell(judge, &notification);
	problem_end(&judge->problems, problem);
}

/* An acknowledgement or a test: said of the check, it does not change its state. */
static void action_judge(
	struct judge *judge, struct problem *problem, const struct event *event, struct moment now)
{
	char summary[NOTIFICATION_TEXT];
	struct notification notification = {
		.kind = event->state == STATE_ACKNOWLEDGEMENT ? NOTIFICATION_ACKNOWLEDGEMENT
							      : NOTIFICATION_TEST,
		.state = problem != NULL ? (enum state)problem->state : STATE_OK,
		.previous = problem != NULL ? (enum state)problem->told : STATE_OK,
		.entity = event->entity,
		.check = event->check,
		.summary = notification_clean(event->summary, summary),
		.time = event->time,
		.since = event->time,
	};

	if (problem != NULL && event->state == STATE_ACKNOWLEDGEMENT) {
		notification.since = problem->since;
		problem->acknowledged = true;
		if (problem->state != STATE_OK) { /* it is told by the acknowledgement */
			problem->told = problem->state;
			problem_schedule(&judge->problems, problem, NSEC_NEVER);
		}
		problem_change(&judge->problems, problem, now);
	}
	tell(judge, &notification);
}

static nsec delay_of(int64_t seconds, nsec otherwise)
{
	return seconds == EVENT_NOT_GIVEN ? otherwise : seconds * NSEC_PER_SEC;
}

static void ok_judge(
	struct judge *judge, struct problem *problem, const struct event *event, struct moment now)
{
	nsec delay = delay_of(event->initial_recovery_delay, 0);

	if (problem->told == STATE_OK) {
		problem_end(&judge->problems, problem); /* within initial_failure_delay: not told */
		return;
	}
	if (problem->state == STATE_OK)
		return; /* its recovery is delayed already */
	problem->state = STATE_OK;
	if (delay == 0) {
		recovery_tell(judge, problem, event->time);
		return;
	}
	problem_schedule(&judge->problems, problem, now.monotonic + delay);
	problem_change(&judge->problems, problem, now);
}

/* A failure that is not told yet: it is at once, or after its delay. */
static void new_failure_judge(struct judge *judge, struct problem *problem, enum state before,
	const struct event *event, struct moment now)
{
	nsec delay = delay_of(event->initial_failure_delay, judge->settings.initial_failure_delay);

	if (problem->state == before)
		return;
	if (before == STATE_OK) {
		problem->since = event->time;
		if (delay == 0) {
			problem_tell(judge, problem, event->time, now);
			return;
		}
		problem_schedule(&judge->problems, problem, now.monotonic + delay);
	}
	problem_change(&judge->problems, problem, now);
}

/* A failure was told: another one is told at once. */
static void lasting_failure_judge(struct judge *judge, struct problem *problem, enum state before,
	const struct event *event, struct moment now)
{
	if (problem->told != problem->state) {
		problem_tell(judge, problem, event->time, now);
		return;
	}
	if (problem->state == before)
		return;
	if (before == STATE_OK) /* no recovery after all */
		repeat_schedule(judge, problem, now.monotonic);
	problem_change(&judge->problems, problem, now);
}

static void failure_judge(
	struct judge *judge, struct problem *problem, const struct event *event, struct moment now)
{
	enum state before = (enum state)problem->state;

	problem->repeat_delay = (int32_t)(delay_of(event->repeat_failure_delay, 0) / NSEC_PER_SEC);
	problem->state = (uint8_t)event->state;
	if (problem->told == STATE_OK)
		new_failure_judge(judge, problem, before, event, now);
	else
		lasting_failure_judge(judge, problem, before, event, now);
}

bool judge_event(
	struct judge *judge, const struct event *event, struct moment now, struct reason *why)
{
	struct problems *problems = &judge->problems;
	struct problem *problem = problems_find(problems, event->entity, event->check);

	stream_advance(judge, now.monotonic);
	if (!state_lasts(event->state)) {
		action_judge(judge, problem, event, now);
		return true;
	}
	if (problem == NULL && event->state == STATE_OK)
		return true;
	if (problem == NULL && problems_count(problems) >= judge->settings.max_problems)
		return reason_set(
			why, "more than %zu checks are not ok", judge->settings.max_problems);
	if (problem == NULL)
		problem =
			problems_add(problems, event->entity, event->check, stream_seconds(judge));
	problem_hear(problems, problem, stream_seconds(judge));
	problem_summarise(problem, event->summary);
	if ((problem->heard - problem->heard_written) * NSEC_PER_SEC >
		judge->settings.forget_after / PAUSES)
		problem_change(problems, problem, now);
	if (event->state == STATE_OK)
		ok_judge(judge, problem, event, now);
	else
		failure_judge(judge, problem, event, now);
	return true;
}

/* A delay or the pause before a repeat is over. */
static void due_judge(struct judge *judge, struct problem *problem, struct moment now)
{
	int64_t time = now.wall / NSEC_PER_SEC;

	if (problem->state == STATE_OK)
		recovery_tell(judge, problem, time);
	else
		problem_tell(judge, problem, time, now);
}

/* The check that is no longer reported; NULL: none. */
static struct problem *unreported(const struct judge *judge)
{
	struct problem *problem = judge->problems.heard;
	nsec silence = problem == NULL ? 0 : judge->stream - problem->heard * NSEC_PER_SEC;

	return silence >= judge->settings.forget_after ? problem : NULL;
}

static void unreported_end(struct judge *judge, struct problem *problem, struct moment now)
{
	if (problem->told == STATE_OK) {
		problem_end(&judge->problems, problem);
		return;
	}
	problem_summarise(problem, text_literal("no longer reported"));
	recovery_tell(judge, problem, now.wall / NSEC_PER_SEC);
}

void judge_tick(struct judge *judge, struct moment now, unsigned max)
{
	struct problem *problem;

	while (max > 0 && (problem = problems_due(&judge->problems)) != NULL &&
		problem->due <= now.monotonic) {
		due_judge(judge, problem, now);
		max--;
	}
	while (max > 0 && (problem = unreported(judge)) != NULL) {
		unreported_end(judge, problem, now);
		max--;
	}
}

nsec judge_deadline(const struct judge *judge)
{
	const struct problem *problem = problems_due(&judge->problems);

	if (unreported(judge) != NULL)
		return 0;
	return problem != NULL ? problem->due : NSEC_NEVER;
}

void judge_finish(struct judge *judge, struct moment now)
{
	struct problem *problem, *next;

	DL_FOREACH_SAFE(judge->problems.heard, problem, next)
		if (problem->told != problem->state) /* not a repeat */
			due_judge(judge, problem, now);
}
