/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/past.h"

#include "common/duration.h"
#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITING (5 * NSEC_PER_SEC)    /* that no writer is killed before */
#define ADVANCE (250 * NSEC_PER_MSEC) /* of silence that the first writing has */

/* After a start, beside what the interval asks for. */
static const nsec early[] = {
	ADVANCE, 500 * NSEC_PER_MSEC, NSEC_PER_SEC, 2 * NSEC_PER_SEC, 4 * NSEC_PER_SEC};

/* ---- at a start ---- */

/* NULL: there is none. */
static const char *path_find(struct past *past, const char *path)
{
	const char *folder = getenv("STATE_DIRECTORY");

	if (path != NULL)
		snprintf(past->path, sizeof past->path, "%s", path);
	else if (folder != NULL && folder[0] != '\0') /* systemd: several are joined by colons */
		snprintf(past->path, sizeof past->path, "%.*s/oobetet.state",
			(int)strcspn(folder, ":"), folder);
	if (past->path[0] != '\0')
		return past->path;
	log_warning("no state_file: a start counts as having heard everything, and what was not "
		    "told is forgotten");
	return NULL;
}

/* The state of one watch must not become another's. */
static void path_lock(struct past *past)
{
	pid_t holder;

	if (past->keeper.path == NULL || keeper_lock(&past->keeper, &holder) != EBUSY)
		return; /* what else is wrong is seen when it is written */
	log_error("state file %s is in use by another oobetet (process %d; 0: not known): this one "
		  "runs without a state file",
		past->path, (int)holder);
	past->keeper.path = NULL;
}

static void incident_log(const struct past *past)
{
	const struct teller *teller = past->teller;
	char since[40]; /* any clock_stamp() */

	log_warning("state file %s: an incident is open since %s; notifications to be delivered: "
		    "%d; its key: %s",
		past->path, clock_stamp(teller->outage.since, since, sizeof since),
		roads_untold(teller->roads), teller->outage.key);
}

/* Returns how long nobody listened, by the wall clock. */
static nsec state_take(struct past *past, const struct state *state, const struct telling *now)
{
	struct teller *teller = past->teller;
	nsec away = now->wall > state->wall ? now->wall - state->wall : 0;

	past->crashed = state->young;
	watch_resume(teller->watch, &state->past, now->attention);
	roads_resume(teller->roads, state);
	teller->outage.since = state->since;
	if (state->key[0] != '\0')
		memcpy(teller->outage.key, state->key, NOTICE_KEY);
	else
		notice_key(teller->subject, state->since, teller->outage.key);
	teller->began = now->boot - state->lasted - away;
	if (state->past.open)
		incident_log(past);
	return away;
}

static nsec text_take(struct past *past, char *text, const struct telling *now)
{
	char name[NOTICE_TEXT];
	struct state state;
	struct reason why;
	nsec away = 0;

	subject_name(past->teller->subject, name, sizeof name);
	if (!state_read(text, &state, &why)) {
		keeper_set_aside(&past->keeper, why.text);
	} else if (strcmp(state.watch, name) != 0) {
		reason_set(&why, "it is of another watch, %.300s", state.watch);
		keeper_set_aside(&past->keeper, why.text);
	} else {
		away = state_take(past, &state, now);
	}
	state_free(&state);
	return away;
}

nsec past_begin(struct past *past, const char *path, struct teller *teller, nsec interval,
	const struct telling *now)
{
	struct reason why;
	nsec away = 0;

	*past = (struct past){.teller = teller, .interval = interval, .start = *now};
	keeper_begin(&past->keeper, path_find(past, path),
		3 * interval > WRITING ? 3 * interval : WRITING);
	path_lock(past);
	if (past->keeper.path == NULL) {
		roads_recorded(teller->roads, UINT64_MAX);
		return 0;
	}
	char *text = keeper_load(&past->keeper, &why);
	if (text != NULL)
		away = text_take(past, text, now);
	else if (why.text[0] != '\0')
		keeper_set_aside(&past->keeper, why.text);
	free(text);
	return away;
}

/* ---- while it runs ---- */

static void state_fill(
	const struct past *past, const struct telling *now, bool last, struct state *state)
{
	const struct teller *teller = past->teller;
	nsec age = now->attention - past->start.attention;
	nsec advance = !last && age < ADVANCE ? ADVANCE - age : 0;

	*state = (struct state){
		.wall = now->wall > 0 ? now->wall : 0, .young = !last && age < PAST_YOUNG};
	subject_name(teller->subject, state->watch, sizeof state->watch);
	watch_remember(teller->watch, now->attention + advance, &state->past);
	if (state->past.open) {
		state->since = teller->outage.since > 0 ? teller->outage.since : 0;
		state->lasted = now->boot - teller->began;
	}
	roads_remember(teller->roads, state);
}

bool past_write(struct past *past, const struct telling *now, bool last)
{
	struct state state;
	struct buffer text = {NULL, 0, 0};

	if (past->keeper.path == NULL)
		return true;
	if (past->keeper.pid != 0)
		return false;
	state_fill(past, now, last, &state);
	state_write(&state, &text);
	keeper_save(&past->keeper, &text, roads_intents(past->teller->roads), now->monotonic);
	past->to_come = past->keeper.number;
	state_free(&state);
	buffer_free(&text);
	return true;
}

void past_tick(struct past *past, const struct telling *now)
{
	if (past->keeper.path == NULL)
		return;
	keeper_tick(&past->keeper, now->monotonic);
	if (past->keeper.pid == 0 && (now->monotonic >= past_deadline(past) ||
					     roads_intents(past->teller->roads) > past->to_come))
		past_write(past, now, false);
}

nsec past_deadline(const struct past *past)
{
	if (past->keeper.path == NULL || past->keeper.pid != 0)
		return keeper_deadline(&past->keeper);
	if (past->keeper.saved == 0)
		return 0;
	nsec deadline = past->keeper.saved + past->interval;
	for (size_t i = 0; i < sizeof early / sizeof early[0]; i++)
		if (past->start.monotonic + early[i] > past->keeper.saved)
			return nsec_earlier(deadline, past->start.monotonic + early[i]);
	return deadline;
}

bool past_ended(struct past *past, pid_t pid, int status)
{
	if (!keeper_ended(&past->keeper, pid, status))
		return false;
	roads_recorded(past->teller->roads, past->keeper.kept);
	return true;
}
