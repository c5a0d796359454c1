/* SPDX-License-Identifier: MIT */
/* What the rooms are told of all their watches, each room in one message. */
#include "oobetet/monitor.h"

#include "common/buffer.h"
#include "common/log.h"
#include "oobetet/channel/status.h"

#include <string.h>

#define ANSWER_MAX 4000 /* bytes; a room with more watches gets their number */

/* True if a watch that sends to this room is new, or has changed. */
static bool room_has_news(const struct monitor *monitor, const char *room)
{
	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];

		if (watched->fresh && list_has(&watched->config->alert_rooms, room, strlen(room)))
			return true;
	}
	return false;
}

/* The targets of the watches that send to this room and have a max_latency below `limit`. */
static int room_targets(const struct monitor *monitor, const char *room, nsec limit,
	const struct target *targets[WATCHES_MAX])
{
	int count = 0;

	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];

		if (watched->config->max_latency < limit &&
			(room == NULL ||
				list_has(&watched->config->alert_rooms, room, strlen(room))))
			targets[count++] = &watched->target;
	}
	return count;
}

void announce_start(struct monitor *monitor, const char *began)
{
	const struct target *targets[WATCHES_MAX];
	char text[NOTIFICATION_TEXT];

	for (int i = 0; monitor->config->greeting && i < rooms_count(monitor->rooms); i++) {
		const char *room = rooms_name(monitor->rooms, i);
		int count = room_targets(monitor, room, NSEC_NEVER, targets);

		if (count > 0 && room_has_news(monitor, room))
			asides_put(monitor->asides, ASIDE_GREETING, room,
				notification_greeting(
					targets, count, began, clock_wall(), text, sizeof text));
	}
	for (int i = 0; i < monitor->watches.count; i++)
		monitor->watches.each[i]->fresh = false;
}

/* Long absences are announced in the rooms, where people would have relied on us. */
void announce_absence(struct monitor *monitor, nsec away, const char *why)
{
	const struct target *targets[WATCHES_MAX];
	char text[NOTIFICATION_TEXT];
	int count = room_targets(monitor, NULL, NSEC_NEVER, targets);

	log_warning("%s", notification_absence(targets, count, away, why, text, sizeof text));
	for (int i = 0; i < rooms_count(monitor->rooms); i++) {
		const char *room = rooms_name(monitor->rooms, i);

		count = room_targets(monitor, room, away, targets);
		if (count > 0)
			asides_put(monitor->asides, ASIDE_ANNOUNCEMENT, room,
				notification_absence(targets, count, away, why, text, sizeof text));
	}
}

static bool is_of_room(const struct watched *watched, const char *room)
{
	return list_has(&watched->config->watch_rooms, room, strlen(room)) ||
	       list_has(&watched->config->alert_rooms, room, strlen(room));
}

/* No oobetet takes the answer for an alert: it begins as all texts of an oobetet (match.c). */
void announce_status(struct monitor *monitor, const char *room, nsec now)
{
	const struct timestamps timestamps = timestamps_at(monitor, now);
	struct buffer answer = {NULL, 0, 0};
	char text[STATUS_TEXT];
	int more = 0;

	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];
		const struct watch_status status = watch_status_of(watched, &timestamps);

		if (!is_of_room(watched, room))
			continue;
		watch_status_text(&status, text, sizeof text);
		if (more > 0 || answer.length + strlen(text) > ANSWER_MAX)
			more++;
		else
			buffer_printf(&answer, "%s%s%s%s",
				answer.length == 0 ? "oobetet on " : "\n",
				answer.length == 0 ? monitor->host : "",
				answer.length == 0 ? ": " : "", text);
	}
	if (more > 0)
		buffer_printf(&answer, "\nand %d more", more);
	if (answer.length > 0)
		asides_put(monitor->asides, ASIDE_ANSWER, room, answer.data);
	buffer_free(&answer);
}
