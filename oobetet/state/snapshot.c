/* SPDX-License-Identifier: MIT */
#include "oobetet/state/snapshot.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
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

bool snapshot_path(const char *path, char out[PATH_MAX])
{
	const char *folder = getenv("STATE_DIRECTORY");

	out[0] = '\0';
	if (path != NULL)
		snprintf(out, PATH_MAX, "%s", path);
	else if (folder != NULL && folder[0] != '\0') /* systemd: several are joined by colons */
		snprintf(out, PATH_MAX, "%.*s/oobetet.state", (int)strcspn(folder, ":"), folder);
	return out[0] != '\0';
}

/* NULL: there is none. */
static const char *path_find(struct snapshot *snapshot, const char *path)
{
	if (snapshot_path(path, snapshot->path))
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

	if (snapshot->statefile.writer.path == NULL ||
		statefile_lock(&snapshot->statefile, &holder) != EBUSY)
		return; /* other errors are reported by the first write */
	log_error("state file %s is in use by another oobetet (process %d; 0: not known): this one "
		  "runs without a state file",
		snapshot->path, (int)holder);
	snapshot->statefile.writer.path = NULL;
}

/* It may be whole: it is neither replaced nor renamed, so that the next start can use it. */
static void path_open(struct snapshot *snapshot)
{
	struct reason why;

	if (snapshot->statefile.writer.path == NULL || statefile_opens(&snapshot->statefile, &why))
		return;
	log_error("state file %s cannot be read: %s; it stays as it is, and this run has no state "
		  "file",
		snapshot->path, why.text);
	snapshot->statefile.writer.path = NULL;
}

static void incident_log(const struct snapshot *snapshot, const struct watched *watched)
{
	char since[40]; /* any clock_stamp() */

	log_warning("%sstate file %s: an incident is open since %s; notifications to be delivered: "
		    "%d; its key: %s",
		watched->config->label, snapshot->path,
		clock_stamp(watched->outage.since, since, sizeof since),
		channels_pending(watched->channels), watched->outage.key);
}

/* Names what that service has not been told. */
static void moved_log(const struct snapshot *snapshot, const struct watched *watched,
	const struct watch_state *state)
{
	for (int i = 0; i < state->count; i++) {
		const struct channel_saved *channel = &state->channels[i];
		const struct queue_saved *queue = &channel->queue;
		bool end = queue->count > 0 && queue->notifications[0].kind == NOTIFICATION_OK;

		if (strcmp(channel->name, CHANNEL_NAME_PAGERDUTY) != 0 ||
			queue->tried_key[0] == '\0' ||
			(!end && !(state->past.open && strcmp(queue->tried_key, state->key) == 0)))
			continue;
		log_warning("%sstate file %s: another PagerDuty service was configured before this "
			    "start, and an incident is open there; resolve it there: %s",
			watched->config->label, snapshot->path, queue->tried_key);
	}
}

static void watch_state_resume(const struct snapshot *snapshot, struct watched *watched,
	const struct watch_state *state, nsec away, const struct timestamps *now)
{
	/* the configuration of that service is not known any more */
	bool moved = state->service != 0 && state->service != service_sum(watched->config);

	struct watch_saved past = state->past;
	if (moved) /* the one of now has to be told */
		past.repeat_in = 0;
	watch_resume(watched->watch, &past, now->active_time);
	for (int i = 0; i < state->count; i++)
		if (!moved || strcmp(state->channels[i].name, CHANNEL_NAME_PAGERDUTY) != 0)
			channels_resume(watched->channels, &state->channels[i], 1);
	watched->outage.since = state->since;
	if (state->key[0] != '\0')
		memcpy(watched->outage.key, state->key, NOTIFICATION_KEY);
	else
		notification_key(&watched->target, state->since, watched->outage.key);
	watched->began = now->boot - state->lasted - away;
	if (state->past.open && state->past.fault) /* until a reading says more */
		snprintf(watched->fault, sizeof watched->fault, "%s",
			"max_delay or max_queue_age is exceeded");
	if (watched->config->probe_flapper != NULL &&
		strcmp(watched->config->probe_flapper, state->flapper) == 0)
		watched->chain.period = state->period;
	if (state->past.open)
		incident_log(snapshot, watched);
	if (moved)
		moved_log(snapshot, watched, state);
}

static bool same_target(const struct watched *watched, const struct watch_state *state)
{
	char name[NOTIFICATION_TEXT];

	return strcmp(state->target, target_name(&watched->target, name, sizeof name)) == 0;
}

/* The watch of this check, and of this name if it must have it, that no state has; -1: none. */
static int owner_find(const struct watches *watches, const bool taken[],
	const struct watch_state *state, bool named)
{
	for (int i = 0; i < watches->count; i++) {
		const struct watched *watched = watches->each[i];
		const char *name = watched->config->name != NULL ? watched->config->name : "";

		if (!taken[i] && same_target(watched, state) &&
			(!named || strcmp(state->name, name) == 0))
			return i;
	}
	return -1;
}

/*
 * Finds the watch of each state in the file: one with the same check, and the same name if there is
 * one. A watch may have been renamed, or have got its section. Returns how many were found.
 */
static int owners_find(
	const struct snapshot *snapshot, const struct state *state, struct watched *owners[])
{
	bool taken[WATCHES_MAX] = {false};
	int found = 0;

	memset(owners, 0, (size_t)state->count * sizeof owners[0]);
	for (int named = 1; named >= 0; named--)
		for (int i = 0; i < state->count; i++) {
			if (owners[i] != NULL || state->watches[i].ending)
				continue;
			int owner = owner_find(
				snapshot->watches, taken, &state->watches[i], named == 1);
			if (owner < 0)
				continue;
			owners[i] = snapshot->watches->each[owner];
			taken[owner] = true;
			found++;
		}
	return found;
}

/* Nothing is known any more of how its incident could be closed. */
static void dropped_log(const struct snapshot *snapshot, const struct watch_state *state)
{
	log_warning("state file %s: the watch of %s%s%s%s is not configured any more: its state is "
		    "dropped%s%s",
		snapshot->path, state->target, state->name[0] != '\0' ? " (" : "", state->name,
		state->name[0] != '\0' ? ")" : "",
		state->past.open ? "; its incident may be open at PagerDuty: " : "",
		state->past.open ? state->key : "");
}

/* It was removed, and its end could not be delivered before oobetet was stopped. */
static void ending_log(const struct snapshot *snapshot, const struct watch_state *state)
{
	for (int i = 0; i < state->count; i++) {
		const struct queue_saved *queue = &state->channels[i].queue;

		if (queue->count > 0)
			log_warning(
				"state file %s: the watch of %s was removed or changed, and "
				"the end of its incident was not delivered to %s; end it there: "
				"%s",
				snapshot->path, state->target, state->channels[i].name,
				queue->notifications[queue->count - 1].key);
	}
}

static void unowned_log(const struct snapshot *snapshot, const struct watch_state *state)
{
	if (state->ending)
		ending_log(snapshot, state);
	else
		dropped_log(snapshot, state);
}

/* Returns how long nobody listened. */
static nsec state_resume(
	struct snapshot *snapshot, const struct state *state, const struct timestamps *now)
{
	struct watched *owners[WATCHES_MAX];
	nsec away = state_age(
		state, snapshot->quietfile->boot_id, now->boot, now->wall, &snapshot->guessed);
	struct reason why;

	if (owners_find(snapshot, state, owners) == 0) {
		reason_set(&why, "it is of another watch, %.300s", state->watches[0].target);
		statefile_set_aside(&snapshot->statefile, why.text);
		for (int i = 0; i < state->count; i++)
			if (state->watches[i].ending || state->watches[i].past.open)
				unowned_log(snapshot, &state->watches[i]);
		return 0;
	}
	snapshot->crashed = state->young;
	for (int i = 0; i < state->count; i++)
		if (owners[i] != NULL)
			watch_state_resume(snapshot, owners[i], &state->watches[i], away, now);
		else
			unowned_log(snapshot, &state->watches[i]);
	return away;
}

static nsec text_resume(struct snapshot *snapshot, char *text, const struct timestamps *now)
{
	struct state state;
	struct reason why;
	nsec away = 0;

	if (state_read(text, &state, &why))
		away = state_resume(snapshot, &state, now);
	else
		statefile_set_aside(&snapshot->statefile, why.text);
	state_free(&state);
	return away;
}

nsec snapshot_begin(struct snapshot *snapshot, const char *path, struct watches *watches,
	nsec interval, const struct timestamps *now)
{
	struct reason why;
	nsec away = 0;

	*snapshot = (struct snapshot){.watches = watches, .interval = interval, .start = *now};
	statefile_begin(&snapshot->statefile, path_find(snapshot, path),
		3 * interval > WRITING ? 3 * interval : WRITING);
	path_lock(snapshot);
	path_open(snapshot);
	snapshot->quietfile = quietfile_new(snapshot->statefile.writer.path, now);
	snapshot->statefile.work = quietfile_read;
	snapshot->statefile.user = snapshot->quietfile;
	if (snapshot->statefile.writer.path == NULL) {
		watches_recorded(watches);
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

void snapshot_end(struct snapshot *snapshot)
{
	if (snapshot->quietfile != NULL)
		quietfile_free(snapshot->quietfile);
}

/* ---- while it runs ---- */

static void watch_fill(const struct watched *watched, const struct timestamps *now, nsec at,
	struct watch_state *state)
{
	if (watched->config->name != NULL)
		snprintf(state->name, sizeof state->name, "%s", watched->config->name);
	target_name(&watched->target, state->target, sizeof state->target);
	watch_remember(watched->watch, at, &state->past);
	if (state->past.open) {
		state->since = watched->outage.since > 0 ? watched->outage.since : 0;
		state->lasted = now->boot - watched->began;
	}
	state->service = service_sum(watched->config);
	state->period = watched->chain.period;
	if (state->period > 0)
		snprintf(state->flapper, sizeof state->flapper, "%s",
			watched->config->probe_flapper);
	state->channels = channels_remember(watched->channels);
	state->count = channels_count(watched->channels);
}

static void state_fill(const struct snapshot *snapshot, const struct timestamps *now, bool last,
	struct state *state)
{
	const struct watches *watches = snapshot->watches;
	nsec age = now->active_time - snapshot->start.active_time;
	nsec advance = !last && age < ADVANCE ? ADVANCE - age : 0;

	*state = (struct state){.wall = now->wall > 0 ? now->wall : 0,
		.boot = now->boot,
		.young = !last && age < SNAPSHOT_YOUNG,
		.count = watches_all(watches),
		.watches = memory_zeroed((size_t)watches_all(watches), sizeof state->watches[0])};
	snprintf(state->boot_id, sizeof state->boot_id, "%s", snapshot->quietfile->boot_id);
	for (int i = 0; i < state->count; i++) {
		watch_fill(watches->each[i], now, now->active_time + advance, &state->watches[i]);
		state->watches[i].ending = i >= watches->count;
	}
}

/* True if a channel waits until its intent is written. */
static bool intents_wait(const struct snapshot *snapshot)
{
	for (int i = 0; i < watches_all(snapshot->watches); i++) {
		const struct watched *watched = snapshot->watches->each[i];

		if (channels_intents(watched->channels) > watched->written)
			return true;
	}
	return false;
}

bool snapshot_write(struct snapshot *snapshot, const struct timestamps *now, bool last)
{
	struct state state;
	struct buffer text = {NULL, 0, 0};

	if (snapshot->statefile.writer.path == NULL)
		return true;
	if (snapshot->statefile.writer.pid != 0)
		return false;
	state_fill(snapshot, now, last, &state);
	state_write(&state, &text);
	statefile_save(&snapshot->statefile, &text, snapshot->statefile.number + 1, now->monotonic);
	for (int i = 0; i < watches_all(snapshot->watches); i++) {
		struct watched *watched = snapshot->watches->each[i];

		watched->written = channels_intents(watched->channels);
	}
	state_free(&state);
	buffer_free(&text);
	return true;
}

void snapshot_tick(struct snapshot *snapshot, const struct timestamps *now)
{
	if (snapshot->statefile.writer.path == NULL)
		return;
	writer_tick(&snapshot->statefile.writer, now->monotonic);
	if (snapshot->statefile.writer.pid == 0 &&
		(now->monotonic >= snapshot_deadline(snapshot) || intents_wait(snapshot)))
		snapshot_write(snapshot, now, false);
}

nsec snapshot_deadline(const struct snapshot *snapshot)
{
	if (snapshot->statefile.writer.path == NULL || snapshot->statefile.writer.pid != 0)
		return writer_deadline(&snapshot->statefile.writer);
	if (snapshot->statefile.writer.began == 0)
		return 0;
	nsec deadline = snapshot->statefile.writer.began + snapshot->interval;
	for (size_t i = 0; i < sizeof early / sizeof early[0]; i++)
		if (snapshot->start.monotonic + early[i] > snapshot->statefile.writer.began)
			return nsec_earlier(deadline, snapshot->start.monotonic + early[i]);
	return deadline;
}

void snapshot_update(struct snapshot *snapshot, nsec interval)
{
	snapshot->interval = interval;
	if (snapshot->statefile.writer.path == NULL)
		watches_recorded(snapshot->watches);
}

bool snapshot_ended(struct snapshot *snapshot, pid_t pid, int status)
{
	const struct timestamps now = {.wall = clock_wall(), .boot = clock_boot()};

	if (!statefile_ended(&snapshot->statefile, pid, status))
		return false;
	quietfile_take(snapshot->quietfile, &now);
	if (snapshot->statefile.kept != snapshot->statefile.number)
		return true;
	for (int i = 0; i < watches_all(snapshot->watches); i++)
		channels_recorded(
			snapshot->watches->each[i]->channels, snapshot->watches->each[i]->written);
	return true;
}

bool snapshot_peek(const char *path, struct state *state)
{
	char found[PATH_MAX];
	struct statefile statefile;
	struct reason ignored;

	*state = (struct state){.watches = NULL};
	if (!snapshot_path(path, found))
		return false;
	statefile_begin(&statefile, found, WRITING);
	char *text = statefile_load(&statefile, &ignored);
	bool read = text != NULL && state_read(text, state, &ignored);
	free(text);
	return read;
}
