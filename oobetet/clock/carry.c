/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/carry.h"

void send_to_room(struct worker *xmpp, const char *room, const char *text, const char *id)
{
	worker_send(xmpp, MESSAGE_SAY, FIELDS(id, room, text));
}

void send_to_pagerduty(struct worker *http, const struct target *target,
	const struct notification *notification, const char *id)
{
	char name[NOTIFICATION_KEY] = "test";

	if (notification->kind == NOTIFICATION_OK) {
		worker_send(http, MESSAGE_RESOLVE, FIELDS(id, notification->key));
		return;
	}
	if (notification->kind == NOTIFICATION_ALARM)
		target_name(target, name, sizeof name);
	worker_send(http, MESSAGE_TRIGGER,
		FIELDS(id, notification->key, notification->since, target->host, name,
			notification->text));
}

bool send_to_command(struct command *command, const struct target *target,
	const struct notification *notification, const char *id, nsec now)
{
	static const char *const events[] = {[NOTIFICATION_ALARM] = "alarm",
		[NOTIFICATION_OK] = "ok",
		[NOTIFICATION_TEST] = "test"};
	char name[NOTIFICATION_KEY];
	const struct job job = {.id = id,
		.event = events[notification->kind],
		.watch = target_name(target, name, sizeof name),
		.breach = notification->kind != NOTIFICATION_TEST ? kind_name(notification->missing)
								  : "",
		.since = notification->since,
		.key = notification->key,
		.host = target->host,
		.text = notification->text};

	return command_start(command, &job, now);
}
