/* SPDX-License-Identifier: MIT */
#include "oobetet/state/snapshot.h"

#include "common/duration.h"
#include "common/log.h"
#include "oobetet/state/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITING (5 * NSEC_PER_SEC)    /* no writer is killed before */
#define ADVANCE (250 * NSEC_PER_MSEC) /* silence that the first write includes in advance */

/* Extra writes after a start. */
static const nsec early[] = {
	ADVANCE, 500 * NSEC_PER_MSEC, NSEC_PER_SEC, 2 * NSEC_PER_SEC, 4 * NSEC_PER_SEC};

/* ---- at a start ---- */

/* NULL: there is none. */
static const char *path_find(struct snapshot *snapshot, const char *path)
{
	const char *folder = getenv("STATE_DIRECTORY");

	if (path != NULL)
		snprintf(snapshot->path, sizeof snapshot->path, "%s", path);
	else if (folder != NULL && folder[0] != '\0') /* systemd: several are joined by colons */
		snprintf(snapshot->path, sizeof snapshot->path, "%.*s/oobetet.state",
			(int)strcspn(folder, ":"), folder);
	if (snapshot->path[0] != '\0')
		return snapshot->path;
	log_warning(
		"no state_file: a restart loses the silence so far and notifications that are not "
		"delivered");
	return NULL;
}

/* Two processes must not overwrite each other's state. */
static void path_lock(struct snapshot *snapshot)
{
	pid_t holder;

	if (snapshot->statefile.path == NULL ||
		statefile_lock(&snapshot->statefile, &holder) != EBUSY)
		return; /* other errors are reported by the first write */
	log_error("state file %s is in use by another oobetet (process %d; 0: not known): this one "
		  "runs without a state file",
		snapshot->path, (int)holder);
	snapshot->statefile.path = NULL;
}

static void incident_log(const struct snapshot *snapshot)
{
	const struct notifier *notifier = snapshot->notifier;
	char since[40]; /* any clock_stamp() */

	log_warning("state file %s: an incident is open since %s; notifications to be delivered: "
		    "%d; its key: %s",
		snapshot->path, clock_stamp(notifier->outage.since, since, sizeof since),
		channels_pending(notifier->channels), notifier->outage.key);
}

/* Returns how long nobody listened, by the wall clock. */
static nsec state_resume(
	struct snapshot *snapshot, const struct state *state, const struct timestamps *now)
{
	struct notifier *notifier = snapshot->notifier;
	nsec away = now->wall > state->wall ? now->wall - state->wall : 0;

	snapshot->crashed = state->young;
	watch_resume(notifier->watch, &state->past, now->active_time);
	channels_resume(notifier->channels, state->channels, state->count);
	notifier->outage.since = state->since;
	if (state->key[0] != '\0')
		memcpy(notifier->outage.key, state->key, NOTIFICATION_KEY);
	else
		notification_key(notifier->target, state->since, notifier->outage.key);
	notifier->began = now->boot - state->lasted - away;
	if (state->past.open)
		incident_log(snapshot);
	return away;
}

static nsec text_resume(struct snapshot *snapshot, char *text, const struct timestamps *now)
{
	char name[NOTIFICATION_TEXT];
	struct state state;
	struct reason why;
	nsec away = 0;

	target_name(snapshot->notifier->target, name, sizeof name);
	if (!state_read(text, &state, &why)) {
		statefile_set_aside(&snapshot->statefile, why.text);
	} else if (strcmp(state.watch, name) != 0) {
		reason_set(&why, "it is of another watch, %.300s", state.watch);
		statefile_set_aside(&snapshot->statefile, why.text);
	} else {
		away = state_resume(snapshot, &state, now);
	}
	state_free(&state);
	return away;
}

nsec snapshot_begin(struct snapshot *snapshot, const char *path, struct notifier *notifier,
	nsec interval, const struct timestamps *now)
{
	struct reason why;
	nsec away = 0;

	*snapshot = (struct snapshot){.notifier = notifier, .interval = interval, .start = *now};
	statefile_begin(&snapshot->statefile, path_find(snapshot, path),
		3 * interval > WRITING ? 3 * interval : WRITING);
	path_lock(snapshot);
	if (snapshot->statefile.path == NULL) {
		channels_recorded(notifier->channels, UINT64_MAX);
		return 0;
	}
	char *text = statefile_load(&snapshot->statefile, &why);
	if (text != NULL)
		away = text_resume(snapshot, text, now);
	else if (why.text[0] != '\0')
		statefile_set_aside(&snapshot->statefile, why.text);
	free(text);
	return away;
}

/* ---- while it runs ---- */

static void state_fill(const struct snapshot *snapshot, const struct timestamps *now, bool last,
	struct state *state)
{
	const struct notifier *notifier = snapshot->notifier;
	nsec age = now->active_time - snapshot->start.active_time;
	nsec advance = !last && age < ADVANCE ? ADVANCE - age : 0;

	*state = (struct state){
		.wall = now->wall > 0 ? now->wall : 0, .young = !last && age < SNAPSHOT_YOUNG};
	target_name(notifier->target, state->watch, sizeof state->watch);
	watch_remember(notifier->watch, now->active_time + advance, &state->past);
	if (state->past.open) {
		state->since = notifier->outage.since > 0 ? notifier->outage.since : 0;
		state->lasted = now->boot - notifier->began;
	}
	state->channels = channels_remember(notifier->channels);
	state->count = channels_count(notifier->channels);
}

bool snapshot_write(struct snapshot *snapshot, const struct timestamps *now, bool last)
{
	struct state state;
	struct buffer text = {NULL, 0, 0};

	if (snapshot->statefile.path == NULL)
		return true;
	if (snapshot->statefile.pid != 0)
		return false;
	state_fill(snapshot, now, last, &state);
	state_write(&state, &text);
	statefile_save(&snapshot->statefile, &text, channels_intents(snapshot->notifier->channels),
		now->monotonic);
	snapshot->intents = snapshot->statefile.number;
	state_free(&state);
	buffer_free(&text);
	return true;
}

void snapshot_tick(struct snapshot *snapshot, const struct timestamps *now)
{
	if (snapshot->statefile.path == NULL)
		return;
	statefile_tick(&snapshot->statefile, now->monotonic);
	if (snapshot->statefile.pid == 0 &&
		(now->monotonic >= snapshot_deadline(snapshot) ||
			channels_intents(snapshot->notifier->channels) > snapshot->intents))
		snapshot_write(snapshot, now, false);
}

nsec snapshot_deadline(const struct snapshot *snapshot)
{
	if (snapshot->statefile.path == NULL || snapshot->statefile.pid != 0)
		return statefile_deadline(&snapshot->statefile);
	if (snapshot->statefile.saved == 0)
		return 0;
	nsec deadline = snapshot->statefile.saved + snapshot->interval;
	for (size_t i = 0; i < sizeof early / sizeof early[0]; i++)
		if (snapshot->start.monotonic + early[i] > snapshot->statefile.saved)
			return nsec_earlier(deadline, snapshot->start.monotonic + early[i]);
	return deadline;
}

bool snapshot_ended(struct snapshot *snapshot, pid_t pid, int status)
{
	if (!statefile_ended(&snapshot->statefile, pid, status))
		return false;
	channels_recorded(snapshot->notifier->channels, snapshot->statefile.kept);
	return true;
}
