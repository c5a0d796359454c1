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
	char *name; /* owned: the configuration that it is from may be replaced */
	bool joined;
	bool created;  /* by joining it */
	nsec left;     /* since when it is not joined */
	nsec missed;   /* see rooms_missed() */
	nsec answered; /* the last answer to a question; 0: none */
	bool hides;    /* real JIDs, and that was logged */
	char why[WHY]; /* why it is not joined */
};

struct rooms {
	const struct config *config;
	struct occupants *occupants;
	struct log_limit changes;   /* of nicks' owners */
	struct log_limit strangers; /* messages that do not count */
	uint64_t joins_and_losses;
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
		rooms->room[i] = (struct room){.name = memory_copied(config->rooms.item[i]),
			.left = now,
			.missed = NSEC_NEVER,
			.why = "not joined yet"};
	}
	return rooms;
}

/* Owners of nicks are kept only if all rooms are the same: they are known by the room's index. */
void rooms_carry(struct rooms *rooms, struct rooms *before)
{
	bool same = rooms->count == before->count;

	for (int i = 0; i < rooms->count; i++) {
		int index = rooms_index(before, rooms->room[i].name);

		same = same && index == i;
		if (index < 0)
			continue;
		char *name = rooms->room[i].name;
		rooms->room[i] = before->room[index];
		rooms->room[i].name = name;
	}
	if (same) {
		struct occupants *occupants = rooms->occupants;

		rooms->occupants = before->occupants;
		before->occupants = occupants;
	}
	rooms->changes = before->changes;
	rooms_free(before);
}

void rooms_free(struct rooms *rooms)
{
	for (int i = 0; i < rooms->count; i++)
		free(rooms->room[i].name);
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
	rooms->joins_and_losses++;
	return true;
}

static void room_leave(struct rooms *rooms, struct room *room, const char *why, nsec now)
{
	if (room->joined) {
		room->left = now;
		room->missed = now - rooms->delay;
		rooms->joins_and_losses++;
	}
	room->joined = false;
	occupants_all_leave(rooms->occupants, (int)(room - rooms->room));
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

uint64_t rooms_changes(const struct rooms *rooms)
{
	return rooms->joins_and_losses;
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

/* ---- who an occupant is ---- */

static bool identity_required(const struct watch_config *watch)
{
	return watch->watched_jid.count > 0 || watch->watched_affiliation > AFFILIATION_NONE;
}

static int affiliation_of(const char *text)
{
	static const char *const names[] = {[AFFILIATION_MEMBER] = "member",
		[AFFILIATION_ADMIN] = "admin",
		[AFFILIATION_OWNER] = "owner"};

	for (int i = AFFILIATION_MEMBER; i <= AFFILIATION_OWNER; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	return AFFILIATION_NONE;
}

/* NULL: the occupant is who the watch requires; else why not. */
static const char *identity_fault(const struct watch_config *watch, const struct identity *its)
{
	size_t bare = strcspn(its->jid, "/");

	if (watch->watched_jid.count > 0 && bare == 0)
		return "the room does not show its real JID";
	if (watch->watched_jid.count > 0 && !list_has(&watch->watched_jid, its->jid, bare))
		return "its real JID is not in watched_jid";
	return affiliation_of(its->affiliation) < watch->watched_affiliation
		       ? "its affiliation is below watched_affiliation"
		       : NULL;
}

/* True if a watch in this room requires an identity, and the occupant fits. */
static bool identity_fits_any(
	const struct config *config, const char *name, const struct identity *its)
{
	for (int i = 0; i < config->watch_count; i++) {
		const struct watch_config *watch = config->watch[i];

		if (identity_required(watch) && list_has(&watch->watch_rooms, name, strlen(name)) &&
			identity_fault(watch, its) == NULL)
			return true;
	}
	return false;
}

/* True if a watch names the nick in this room, and its owner counts for it. */
static bool nick_still_counts(
	const struct config *config, const char *name, const char *nick, const struct identity *its)
{
	for (int i = 0; i < config->watch_count; i++) {
		const struct watch_config *watch = config->watch[i];

		if (nick_is_listed(watch, nick) && rooms_counts(watch, name, nick) &&
			(!identity_required(watch) || identity_fault(watch, its) == NULL))
			return true;
	}
	return false;
}

/* Once a room, until it shows real JIDs. */
static void hiding_log(struct rooms *rooms, struct room *room, const struct identity *seen)
{
	bool required = false;

	for (int i = 0; i < rooms->config->watch_count; i++) {
		const struct watch_config *watch = rooms->config->watch[i];

		required = required ||
			   (watch->watched_jid.count > 0 &&
				   list_has(&watch->watch_rooms, room->name, strlen(room->name)));
	}
	if (required && seen->jid[0] == '\0' && !room->hides)
		log_warning("the room %s does not show real JIDs: with watched_jid no message in "
			    "it counts",
			room->name);
	room->hides = required && seen->jid[0] == '\0';
}

void rooms_see(struct rooms *rooms, const char *name, const char *nick, const struct identity *seen,
	nsec now)
{
	int index = rooms_index(rooms, name);
	bool watched = nick_is_watched(rooms->config, name, nick);
	char what[400], more[LOG_LIMIT_TEXT];
	unsigned long left_out;

	if (index < 0)
		return;
	hiding_log(rooms, &rooms->room[index], seen);
	/* others are not kept: there may be any number of them */
	if (!watched && !identity_fits_any(rooms->config, name, seen)) {
		occupants_leave(rooms->occupants, index, nick, true);
		return;
	}
	bool changed = occupants_see(rooms->occupants, index, nick, seen, what, sizeof what);
	if (!changed || !watched || !log_limit_pass(&rooms->changes, now, &left_out))
		return;
	bool counts = nick_still_counts(rooms->config, name, nick, seen);
	log_warning("the watched nick %s in the room %s is somebody else's now: %s; its messages "
		    "%s%s",
		nick, name, what, counts ? "still count" : "do not count",
		log_limit_text(left_out, more));
}

int rooms_occupants(const struct rooms *rooms)
{
	return occupants_count(rooms->occupants);
}

void rooms_depart(struct rooms *rooms, const char *name, const char *nick)
{
	int index = rooms_index(rooms, name);

	if (index >= 0)
		occupants_leave(
			rooms->occupants, index, nick, !nick_is_watched(rooms->config, name, nick));
}

/* NULL: the message is of the occupant who is required. */
static const char *message_fault(const struct rooms *rooms, const struct watch_config *watch,
	int index, const char *nick, const char *id, bool recalled)
{
	struct identity its;

	/* those who do not fit are not kept */
	if (!occupants_find(rooms->occupants, index, nick, &its))
		return watch->watched_jid.count > 0 && rooms->room[index].hides
			       ? "the room does not show its real JID"
			       : "nobody who fits watched_jid and watched_affiliation has this "
				 "nick";
	const char *fault = identity_fault(watch, &its);
	if (fault != NULL)
		return fault;
	if (id[0] != '\0' && its.id[0] != '\0' && strcmp(id, its.id) != 0)
		return "somebody else sent it";
	return recalled && (id[0] == '\0' || its.id[0] == '\0')
		       ? "it is from the room's history, which does not show who sent it"
		       : NULL;
}

bool rooms_vouch(struct rooms *rooms, const struct watch_config *watch, const char *name,
	const char *nick, const char *id, bool recalled, nsec now)
{
	int index = rooms_index(rooms, name);
	char more[LOG_LIMIT_TEXT];
	unsigned long left_out;

	if (!identity_required(watch))
		return true;
	if (index < 0)
		return false;
	const char *fault = message_fault(rooms, watch, index, nick, id, recalled);
	if (fault != NULL && log_limit_pass(&rooms->strangers, now, &left_out))
		log_warning("%sa message of %s in the room %s does not count: %s%s", watch->label,
			nick, name, fault, log_limit_text(left_out, more));
	return fault == NULL;
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

int rooms_presence(const struct rooms *rooms, const struct watch_config *watch, const char **why)
{
	int joined = 0;

	for (int i = 0; i < watch->watch_rooms.count; i++) {
		const struct room *room =
			&rooms->room[rooms_index(rooms, watch->watch_rooms.item[i])];

		joined += room->joined;
		if (!room->joined)
			*why = room->why;
	}
	if (joined == watch->watch_rooms.count)
		return ROOM_IN;
	return joined > 0 ? ROOM_PART : ROOM_OUT;
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
	if (heartbeat->interval == 0 || !rooms_all_joined(heartbeat->rooms))
		return NSEC_NEVER;
	return heartbeat->next;
}
