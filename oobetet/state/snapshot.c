/* SPDX-License-Identifier: MIT */
#include "oobetet/state/snapshot.h"

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

	if (past->statefile.path == NULL || statefile_lock(&past->statefile, &holder) != EBUSY)
		return; /* what else is wrong is seen when it is written */
	log_error("state file %s is in use by another oobetet (process %d; 0: not known): this one "
		  "runs without a state file",
		past->path, (int)holder);
	past->statefile.path = NULL;
}

static void incident_log(const struct past *past)
{
	const struct reporter *reporter = past->reporter;
	char since[40]; /* any clock_stamp() */

	log_warning("state file %s: an incident is open since %s; notifications to be delivered: "
		    "%d; its key: %s",
		past->path, clock_stamp(reporter->outage.since, since, sizeof since),
		channels_pending(reporter->channels), reporter->outage.key);
}

/* Returns how long nobody listened, by the wall clock. */
static nsec state_take(struct past *past, const struct state *state, const struct timestamps *now)
{
	struct reporter *reporter = past->reporter;
	nsec away = now->wall > state->wall ? now->wall - state->wall : 0;

	past->crashed = state->young;
	watch_resume(reporter->watch, &state->past, now->active_time);
	channels_resume(reporter->channels, state);
	reporter->outage.since = state->since;
	if (state->key[0] != '\0')
		memcpy(reporter->outage.key, state->key, NOTIFICATION_KEY);
	else
		notification_key(reporter->target, state->since, reporter->outage.key);
	reporter->began = now->boot - state->lasted - away;
	if (state->past.open)
		incident_log(past);
	return away;
}

static nsec text_take(struct past *past, char *text, const struct timestamps *now)
{
	char name[NOTIFICATION_TEXT];
	struct state state;
	struct reason why;
	nsec away = 0;

	target_name(past->reporter->target, name, sizeof name);
	if (!state_read(text, &state, &why)) {
		statefile_set_aside(&past->statefile, why.text);
	} else if (strcmp(state.watch, name) != 0) {
		reason_set(&why, "it is of another watch, %.300s", state.watch);
		statefile_set_aside(&past->statefile, why.text);
	} else {
		away = state_take(past, &state, now);
	}
	state_free(&state);
	return away;
}

nsec snapshot_begin(struct past *past, const char *path, struct reporter *reporter, nsec interval,
	const struct timestamps *now)
{
	struct reason why;
	nsec away = 0;

	*past = (struct past){.reporter = reporter, .interval = interval, .start = *now};
	statefile_begin(&past->statefile, path_find(past, path),
		3 * interval > WRITING ? 3 * interval : WRITING);
	path_lock(past);
	if (past->statefile.path == NULL) {
		channels_recorded(reporter->channels, UINT64_MAX);
		return 0;
	}
	char *text = statefile_load(&past->statefile, &why);
	if (text != NULL)
		away = text_take(past, text, now);
	else if (why.text[0] != '\0')
		statefile_set_aside(&past->statefile, why.text);
	free(text);
	return away;
}

/* ---- while it runs ---- */

static void state_fill(
	const struct past *past, const struct timestamps *now, bool last, struct state *state)
{
	const struct reporter *reporter = past->reporter;
	nsec age = now->active_time - past->start.active_time;
	nsec advance = !last && age < ADVANCE ? ADVANCE - age : 0;

	*state = (struct state){
		.wall = now->wall > 0 ? now->wall : 0, .young = !last && age < PAST_YOUNG};
	target_name(reporter->target, state->watch, sizeof state->watch);
	watch_remember(reporter->watch, now->active_time + advance, &state->past);
	if (state->past.open) {
		state->since = reporter->outage.since > 0 ? reporter->outage.since : 0;
		state->lasted = now->boot - reporter->began;
	}
	channels_remember(reporter->channels, state);
}

bool snapshot_write(struct past *past, const struct timestamps *now, bool last)
{
	struct state state;
	struct buffer text = {NULL, 0, 0};

	if (past->statefile.path == NULL)
		return true;
	if (past->statefile.pid != 0)
		return false;
	state_fill(past, now, last, &state);
	state_write(&state, &text);
	statefile_save(&past->statefile, &text, channels_intents(past->reporter->channels),
		now->monotonic);
	past->to_come = past->statefile.number;
	state_free(&state);
	buffer_free(&text);
	return true;
}

void snapshot_tick(struct past *past, const struct timestamps *now)
{
	if (past->statefile.path == NULL)
		return;
	statefile_tick(&past->statefile, now->monotonic);
	if (past->statefile.pid == 0 &&
		(now->monotonic >= snapshot_deadline(past) ||
			channels_intents(past->reporter->channels) > past->to_come))
		snapshot_write(past, now, false);
}

nsec snapshot_deadline(const struct past *past)
{
	if (past->statefile.path == NULL || past->statefile.pid != 0)
		return statefile_deadline(&past->statefile);
	if (past->statefile.saved == 0)
		return 0;
	nsec deadline = past->statefile.saved + past->interval;
	for (size_t i = 0; i < sizeof early / sizeof early[0]; i++)
		if (past->start.monotonic + early[i] > past->statefile.saved)
			return nsec_earlier(deadline, past->start.monotonic + early[i]);
	return deadline;
}

bool snapshot_ended(struct past *past, pid_t pid, int status)
{
	if (!statefile_ended(&past->statefile, pid, status))
		return false;
	channels_recorded(past->reporter->channels, past->statefile.kept);
	return true;
}
