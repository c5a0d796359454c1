/* SPDX-License-Identifier: MIT */
/* Planned work: holds back the alarms of its watches, and announces its start and its end. */
#include "oobetet/monitor.h"

#include "common/log.h"
#include "common/utf8_clean.h"

#include <string.h>
#include <sysexits.h>

/* ---- in the monitor ---- */

/* What changed for a watch in this turn. */
struct planned_change {
	const struct target *target;
	const struct watch_config *config;
	struct planned what; /* begun, or over */
	bool begun;
};

struct planned_changes {
	int count;
	struct planned_change each[WATCHES_MAX];
};

static const char *watch_name(const struct watch_config *config)
{
	return config->name != NULL ? config->name : "";
}

/* Work that goes on, but with another end or reason, begins anew. */
static bool planned_update(struct watched *watched, const struct quiet_entry *entry)
{
	struct planned planned = {.until = 0};

	if (entry != NULL) {
		planned.until = entry->until;
		snprintf(planned.reason, sizeof planned.reason, "%s", entry->reason);
	}
	watch_hold(watched->watch, entry != NULL);
	if (planned.until == watched->planned.until &&
		strcmp(planned.reason, watched->planned.reason) == 0)
		return false;
	watched->planned = planned;
	return true;
}

static bool changes_equal(const struct planned_change *a, const struct planned_change *b)
{
	return a->begun == b->begun && (!a->begun || a->what.until == b->what.until) &&
	       strcmp(a->what.reason, b->what.reason) == 0;
}

/* One message for all watches of the room with the same change; NULL: for the log. */
static void changes_announce(struct monitor *monitor, const struct planned_changes *changes,
	const char *room, const struct planned_change *first)
{
	const struct target *targets[WATCHES_MAX];
	char text[NOTIFICATION_TEXT];
	int count = 0;

	for (const struct planned_change *each = changes->each;
		each < changes->each + changes->count; each++) {
		if (!changes_equal(each, first) ||
			(room != NULL && !list_has(&each->config->alert_rooms, room, strlen(room))))
			continue;
		if (count == 0 && each != first) /* it was announced with an earlier one */
			return;
		targets[count++] = each->target;
	}
	if (count == 0)
		return;
	notification_planned(targets, count, first->begun ? first->what.until : 0,
		first->what.reason, text, sizeof text);
	if (room == NULL)
		log_info("%s", text);
	else
		asides_put(monitor->asides, ASIDE_PLANNED, room, text);
}

void planned_tick(struct monitor *monitor, const struct timestamps *now)
{
	struct quietfile *quietfile = monitor->snapshot.quietfile;
	struct planned_changes changes = {.count = 0};

	if (quietfile == NULL)
		return;
	quietfile->changed = false;
	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *watched = monitor->watches.each[i];
		const struct planned before = watched->planned;
		const struct quiet_entry *entry =
			quiet_of(&quietfile->quiet, watch_name(watched->config), now);

		if (planned_update(watched, entry))
			changes.each[changes.count++] =
				(struct planned_change){&watched->target, watched->config,
					entry != NULL ? watched->planned : before, entry != NULL};
	}
	for (int i = 0; i < changes.count; i++) {
		changes_announce(monitor, &changes, NULL, &changes.each[i]);
		for (int room = 0; room < rooms_count(monitor->rooms); room++)
			changes_announce(monitor, &changes, rooms_name(monitor->rooms, room),
				&changes.each[i]);
	}
}

nsec planned_deadline(const struct monitor *monitor, nsec now)
{
	const struct quietfile *quietfile = monitor->snapshot.quietfile;
	const struct timestamps at = {.wall = clock_wall(), .boot = clock_boot()};
	nsec first = NSEC_NEVER;

	if (quietfile == NULL)
		return NSEC_NEVER;
	if (quietfile->changed)
		return now;
	for (int i = 0; i < quietfile->quiet.count; i++) {
		nsec left = quiet_left(&quietfile->quiet.entry[i], &at);

		if (left > 0)
			first = nsec_earlier(first, now + left);
	}
	return first;
}

/* ---- --quiet ---- */

static const struct watch_config *watch_find(const struct config *config, const char *name)
{
	for (int i = 0; i < config->watch_count; i++)
		if (strcmp(watch_name(config->watch[i]), name) == 0)
			return config->watch[i];
	return NULL;
}

void planned_set(const struct config *config, nsec span, const char *reason, const char *watch)
{
	char path[PATH_MAX], stamp[40]; /* any clock_stamp() */
	struct quiet_entry entry = {.from = 0};
	struct reason why;

	if (!snapshot_path(config->state_file, path))
		die(EX_CONFIG,
			"--quiet needs a state file, beside which it is kept: set state_file");
	if (watch != NULL && (watch[0] == '\0' || watch_find(config, watch) == NULL))
		die(EX_USAGE, "--watch %s: there is no section [watch %s]", watch, watch);
	if (reason != NULL && (!utf8_is_clean_line(reason) || strchr(reason, '\t') != NULL))
		die(EX_USAGE, "--reason: expected one line of UTF-8 without control characters");
	if (watch != NULL)
		snprintf(entry.watch, sizeof entry.watch, "%s", watch);
	if (reason != NULL)
		snprintf(entry.reason, sizeof entry.reason, "%s", reason);
	int count = quietfile_change(path, &entry, span, &why);
	if (count < 0)
		die(EX_CANTCREAT, "planned work is not set: %s", why.text);
	if (!statefile_in_use(path))
		log_warning(
			"no oobetet runs with the state file %s: the next one takes it up", path);
	if (span > 0)
		printf("planned work until %s: no alarm for %s%s\n",
			clock_stamp(entry.until, stamp, sizeof stamp),
			watch != NULL ? "watch " : "any watch", watch != NULL ? watch : "");
	else
		printf("%s\n", count > 0       ? "planned work is over"
			       : watch != NULL ? "no planned work was set for that watch alone"
					       : "no planned work was set");
}
