/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/rooms.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WHY 300              /* bytes of a reason */
#define ANSWERS NSEC_PER_SEC /* between two answers to a question in a room */

struct room {
	const char *name;
	bool joined;
	bool created;  /* by joining it */
	nsec left;     /* since when it is not joined */
	nsec missed;   /* see rooms_missed() */
	nsec answered; /* the last answer to a question; 0: none */
	char why[WHY]; /* why it is not joined */
};

struct rooms {
	const struct config *config;
	struct occupants *occupants;
	struct log_limit changes; /* of nicks' owners */
	nsec delay;
	int count;
	struct room room[];
};

struct rooms *rooms_new(const struct config *config, nsec delay, nsec now)
{
	int count = config->rooms.count;
	struct rooms *rooms =
		memory_zeroed(1, sizeof *rooms + (size_t)count * sizeof rooms->room[0]);

	rooms->occupants = occupants_new();
	rooms->config = config;
	rooms->delay = delay;
	rooms->count = count;
	for (int i = 0; i < count; i++) {
		rooms->room[i] = (struct room){.name = config->rooms.item[i],
			.left = now,
			.missed = NSEC_NEVER,
			.why = "not joined yet"};
	}
	return rooms;
}

void rooms_free(struct rooms *rooms)
{
	occupants_free(rooms->occupants);
	free(rooms);
}

int rooms_index(const struct rooms *rooms, const char *name)
{
	for (int i = 0; i < rooms->count; i++)
		if (strcasecmp(rooms->room[i].name, name) == 0)
			return i;
	return -1;
}

void rooms_set_created(struct rooms *rooms, const char *name)
{
	int index = rooms_index(rooms, name);

	if (index < 0)
		return;
	log_warning("the room %s did not exist; it was created: is its name right?", name);
	rooms->room[index].created = true;
}

bool rooms_was_created(const struct rooms *rooms, int index)
{
	return rooms->room[index].created;
}

bool rooms_set_joined(struct rooms *rooms, const char *name, const char *nick)
{
	int index = rooms_index(rooms, name);

	if (index < 0)
		return false;
	log_info("in the room %s as %s", name, nick);
	rooms->room[index].joined = true;
	return true;
}

static void room_leave(struct rooms *rooms, struct room *room, const char *why, nsec now)
{
	if (room->joined) {
		room->left = now;
		room->missed = now - rooms->delay;
	}
	room->joined = false;
	snprintf(room->why, sizeof room->why, "%s", why);
}

bool rooms_left(struct rooms *rooms, const char *name, const char *why, nsec now)
{
	int index = rooms_index(rooms, name);

	if (index < 0)
		return false;
	if (rooms->room[index].joined || strcmp(rooms->room[index].why, why) != 0)
		log_warning("out of the room %s: %s; trying again", name, why);
	room_leave(rooms, &rooms->room[index], why, now);
	return true;
}

void rooms_all_left(struct rooms *rooms, const char *why, nsec now)
{
	for (int i = 0; i < rooms->count; i++)
		room_leave(rooms, &rooms->room[i], why, now);
}

bool rooms_all_joined(const struct rooms *rooms)
{
	for (int i = 0; i < rooms->count; i++)
		if (!rooms->room[i].joined)
			return false;
	return true;
}

bool rooms_is_joined(const struct rooms *rooms, const char *name)
{
	int index = rooms_index(rooms, name);

	return index >= 0 && rooms->room[index].joined;
}

bool rooms_may_answer(struct rooms *rooms, const char *name, nsec now)
{
	int index = rooms_index(rooms, name);

	if (index < 0 ||
		(rooms->room[index].answered != 0 && now - rooms->room[index].answered < ANSWERS))
		return false;
	rooms->room[index].answered = now;
	return true;
}

nsec rooms_out(const struct rooms *rooms, int index, nsec now, const char **why)
{
	const struct room *room = &rooms->room[index];

	*why = room->why;
	if (room->joined)
		return 0;
	return now > room->left ? now - room->left : 1;
}

static bool nick_is_listed(const struct watch_config *watch, const char *nick)
{
	for (int i = 0; i < watch->watched_nick.count; i++)
		if (strcmp(watch->watched_nick.item[i], nick) == 0)
			return true;
	return false;
}

bool nick_counts(const struct watch_config *watch, const char *nick)
{
	return watch->watched_nick.count == 0 || nick_is_listed(watch, nick);
}

bool rooms_counts(const struct watch_config *watch, const char *name, const char *nick)
{
	return list_has(&watch->watch_rooms, name, strlen(name)) && nick_counts(watch, nick);
}

/* True if a watch names this nick. Without watched_nick every occupant counts. */
static bool nick_is_watched(const struct config *config, const char *name, const char *nick)
{
	for (int i = 0; i < config->watch_count; i++)
		if (nick_is_listed(config->watch[i], nick) &&
			rooms_counts(config->watch[i], name, nick))
			return true;
	return false;
}

void rooms_see(struct rooms *rooms, const char *name, const char *nick, const struct identity *seen,
	nsec now)
{
	char what[400], more[LOG_LIMIT_TEXT];
	unsigned long left_out;

	if (!nick_is_watched(rooms->config, name, nick) ||
		!occupants_see(rooms->occupants, rooms_index(rooms, name), nick, seen, what,
			sizeof what) ||
		!log_limit_pass(&rooms->changes, now, &left_out))
		return;
	log_warning("the watched nick %s in the room %s is somebody else's now: %s; its messages "
		    "still count%s",
		nick, name, what, log_limit_text(left_out, more));
}

int rooms_count(const struct rooms *rooms)
{
	return rooms->count;
}

const char *rooms_name(const struct rooms *rooms, int index)
{
	return rooms->room[index].name;
}

nsec rooms_missed(const struct rooms *rooms, int index)
{
	return rooms->room[index].missed;
}

void rooms_remark(const struct rooms *rooms, const struct watch_config *watch, nsec now,
	struct buffer *remarks)
{
	char span[DURATION_TEXT];

	for (int i = 0; i < rooms->count; i++) {
		const struct room *room = &rooms->room[i];

		if (!room->joined && list_has(&watch->rooms, room->name, strlen(room->name)))
			buffer_printf(remarks,
				"; oobetet has been out of the room %s for %s (%.150s)", room->name,
				duration_text(
					(now - room->left) / NSEC_PER_SEC * NSEC_PER_SEC, span),
				room->why);
	}
}

bool heartbeat_due(struct heartbeat *heartbeat, nsec now)
{
	if (now < heartbeat_deadline(heartbeat))
		return false;
	heartbeat->next = now + heartbeat->interval;
	return true;
}

nsec heartbeat_deadline(const struct heartbeat *heartbeat)
{
	return heartbeat->interval > 0 && rooms_all_joined(heartbeat->rooms) ? heartbeat->next
									     : NSEC_NEVER;
}
