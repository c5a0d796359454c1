/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/muc.h"

#include "common/backoff.h"
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

#define OTHER_NICKS 3  /* tried with `_`, `__`, `___`; then the back-off begins */
#define PINGS_MISSED 2 /* one may be lost, two in a row are an absence */

struct room {
	const char *name;
	char *alias; /* the nick that we want */
	char *nick;  /* the nick that we have or try */
	struct timing timing;
	struct backoff backoff;
	uint32_t seed;
	enum { OUT, JOINING, IN } state;
	nsec next;       /* OUT: when to join; JOINING: when to give up; IN: the next ping */
	nsec answer_by;  /* IN: of the ping that is under way; NSEC_NEVER: none is */
	unsigned number; /* of the newest ping */
	int missed;      /* pings in a row */
	nsec entered;    /* when we came in */
	nsec unheard;    /* since when we do not know what was said; NSEC_NEVER: always */
	int other_nicks; /* tried since the last back-off */
	const char *why; /* of ROOM_LOST */
	bool history_is_over;
	struct room_features features;
	struct receipts receipts;
};

struct room *room_new(
	const char *name, const char *nick, const struct timing *timing, uint32_t seed)
{
	struct room *room = memory_zeroed(1, sizeof *room);

	room->name = name;
	room->alias = memory_copied(nick);
	room->nick = memory_copied(nick);
	room->timing = *timing;
	room->backoff = (struct backoff){.min = timing->retry_min, .max = timing->retry_max};
	room->seed = seed;
	room->answer_by = NSEC_NEVER;
	room->unheard = NSEC_NEVER;
	room->why = "";
	return room;
}

void room_free(struct room *room)
{
	if (room == NULL)
		return;
	receipts_clear(&room->receipts);
	free(room->alias);
	free(room->nick);
	free(room);
}

const char *room_name(const struct room *room)
{
	return room->name;
}

const char *room_nick(const struct room *room)
{
	return room->nick;
}

bool room_is_in(const struct room *room)
{
	return room->state == IN;
}

const char *room_why(const struct room *room)
{
	return room->why;
}

unsigned room_ping_number(const struct room *room)
{
	return room->number;
}

static void nick_set(struct room *room, const char *nick)
{
	if (strcmp(room->nick, nick) == 0)
		return;
	char *copy = memory_copied(nick); /* `nick` may be a part of the old one */
	free(room->nick);
	room->nick = copy;
}

bool room_left(struct room *room, nsec now)
{
	if (room->state == OUT)
		return false;
	/* a room that throws us out again and again is left alone for longer and longer */
	if (room->state == IN && now - room->entered > room->timing.retry_max)
		backoff_reset(&room->backoff);
	room->state = OUT;
	/* each attempt has a jitter of its own (Knuth's multiplicative hash) */
	room->seed = room->seed * 2654435761U + 1;
	room->next = now + backoff_wait(&room->backoff, room->seed);
	room->other_nicks = 0;
	nick_set(room, room->alias);
	return true;
}

static enum room_wish room_lose(struct room *room, nsec now, const char *why)
{
	room_left(room, now);
	room->why = why;
	return ROOM_LOST;
}

static enum room_wish stay_tick(struct room *room, nsec now)
{
	if (now >= room->answer_by) {
		room->answer_by = NSEC_NEVER;
		if (++room->missed == PINGS_MISSED)
			return room_lose(room, now, "the room does not answer our pings");
		room->next = now;
	}
	if (room->answer_by != NSEC_NEVER || now < room->next)
		return ROOM_REST;
	room->number++;
	room->answer_by = now + room->timing.answer;
	room->next = now + room->timing.ping;
	return ROOM_PING;
}

enum room_wish room_tick(struct room *room, nsec now)
{
	if (room->state == IN)
		return stay_tick(room, now);
	if (now < room->next)
		return ROOM_REST;
	if (room->state == JOINING)
		return room_lose(room, now, "the room does not answer our joining");
	room->state = JOINING;
	room->features = (struct room_features){false, false};
	room->next = now + room->timing.answer;
	return ROOM_JOIN;
}

nsec room_deadline(const struct room *room)
{
	return room->state == IN && room->answer_by != NSEC_NEVER ? room->answer_by : room->next;
}

bool room_entered(struct room *room, const char *nick, nsec now)
{
	bool news = room->state != IN;

	nick_set(room, nick);
	if (!news)
		return false;
	room->state = IN;
	room->history_is_over = false;
	receipts_clear(&room->receipts);
	room->next = now + room->timing.ping;
	room->answer_by = NSEC_NEVER;
	room->missed = 0;
	room->entered = now;
	return true;
}

void room_nick_taken(struct room *room, nsec now)
{
	int tried = room->other_nicks + 1;

	room_left(room, now);
	if (tried > OTHER_NICKS)
		return;
	char *nick = memory_printed("%s%.*s", room->alias, tried, "___");
	nick_set(room, nick);
	free(nick);
	room->other_nicks = tried;
	room->next = now;
}

bool room_nick_is_free(const struct room *room, const char *nick)
{
	return room->state == IN && strcmp(nick, room->alias) == 0 &&
	       strcmp(room->nick, room->alias) != 0;
}

void room_renamed(struct room *room, const char *nick)
{
	if (room->state == IN)
		nick_set(room, nick);
}

void room_missed(struct room *room, nsec since)
{
	room->unheard = since;
}

int64_t room_history(const struct room *room, nsec now)
{
	return room->unheard == NSEC_NEVER ? 0 : (now - room->unheard) / NSEC_PER_SEC + 1;
}

void room_history_ends(struct room *room)
{
	room->history_is_over = true;
}

bool room_history_is_over(const struct room *room)
{
	return room->history_is_over;
}

void room_set_features(struct room *room, struct room_features features)
{
	room->features = features;
}

struct room_features room_features(const struct room *room)
{
	return room->features;
}

struct receipts *room_receipts(struct room *room)
{
	return &room->receipts;
}

void room_ponged(struct room *room, unsigned number)
{
	if (room->state != IN || number != room->number)
		return;
	room->answer_by = NSEC_NEVER;
	room->missed = 0;
}
