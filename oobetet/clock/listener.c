/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/listener.h"

#include "common/log.h"

/* What was said at `stamp` of CLOCK_MONOTONIC, as the ear heard it or the room kept it. */
static void words_take(struct listener *listener, nsec stamp, char *const field[])
{
	nsec now = clock_monotonic();
	enum kind kind = match_body(listener->match, field[3]);

	if (kind == KIND_NONE || !rooms_listen(listener->rooms, field[1], field[2]))
		return;
	log_debug("%s from %s in %s", kind_name(kind), field[2], field[1]);
	watch_hear(listener->watch, kind,
		attention_at(listener->attention, stamp < now ? stamp : now));
}

static void heard_take(struct listener *listener, char *const field[])
{
	nsec stamp;

	if (message_number(field[0], &stamp))
		words_take(listener, stamp, field);
}

/* Only what was said while we were out of a room that we had been in before. */
static void recalled_take(struct listener *listener, char *const field[])
{
	int room = rooms_index(listener->rooms, field[1]);
	nsec stamp;

	if (room < 0 || !message_number(field[0], &stamp))
		return;
	stamp += clock_monotonic() - clock_wall();
	if (stamp >= rooms_missed(listener->rooms, room))
		words_take(listener, stamp, field);
}

static void missed_say(const struct listener *listener, int room)
{
	char stamp[MESSAGE_NUMBER];
	nsec missed = rooms_missed(listener->rooms, room);

	if (missed != NSEC_NEVER)
		hand_say(listener->ear, WORD_MISSED,
			FIELDS(rooms_name(listener->rooms, room),
				message_number_text(missed > 0 ? missed : 0, stamp)));
}

static void joined_take(struct listener *listener, char *const field[])
{
	if (!rooms_entered(listener->rooms, field[0], field[1]))
		return;
	beat_joined(listener->beat, field[0]);
	roads_room_opened(listener->roads, field[0]);
}

static void left_take(struct listener *listener, char *const field[], nsec now)
{
	if (!rooms_left(listener->rooms, field[0], field[1], now))
		return;
	beat_left(listener->beat, field[0]);
	roads_room_closed(listener->roads, field[0], field[1]);
	missed_say(listener, rooms_index(listener->rooms, field[0]));
}

static void answer_take(struct listener *listener, const struct message *message,
	enum answer answer, const char *why, nsec now)
{
	enum way way = message->from == SPEAKER_EAR ? WAY_ROOM : WAY_PAGER;

	roads_answer(listener->roads, way, message->field[0], answer, why, now);
}

void listener_take(struct listener *listener, const struct message *message, nsec now)
{
	char *const *field = message->field;

	switch (message->word) {
	case WORD_HEARD:
		heard_take(listener, field);
		break;
	case WORD_RECALLED:
		recalled_take(listener, field);
		break;
	case WORD_CREATED:
		rooms_created(listener->rooms, field[0]);
		break;
	case WORD_OCCUPANT:
		rooms_see(listener->rooms, field[0], field[1],
			&(struct identity){field[2], field[3], field[4]}, now);
		break;
	case WORD_JOINED:
		joined_take(listener, field);
		break;
	case WORD_LEFT:
		left_take(listener, field, now);
		break;
	case WORD_DONE:
		answer_take(listener, message, ANSWER_DONE, "", now);
		break;
	case WORD_REFUSED:
		answer_take(listener, message, ANSWER_REFUSED, field[1], now);
		break;
	case WORD_FAILED:
		answer_take(listener, message, ANSWER_FAILED, field[1], now);
		break;
	default: /* about the hand itself, or ours: they do not come here */
		break;
	}
}

void listener_ear_started(const struct listener *listener)
{
	for (int i = 0; i < rooms_count(listener->rooms); i++)
		missed_say(listener, i);
}

void listener_ear_lost(struct listener *listener, const char *why, nsec now)
{
	beat_lost(listener->beat);
	rooms_all_left(listener->rooms, why, now);
	roads_ear_lost(listener->roads, why);
}
