/* SPDX-License-Identifier: MIT */
#include "oobetet/dispatch.h"

#include "common/log.h"

/* What was said at `stamp` of CLOCK_MONOTONIC, as the ear heard it or the room kept it. */
static void words_take(struct dispatch *dispatch, nsec stamp, char *const field[])
{
	nsec now = clock_monotonic();
	enum kind kind = match_body(dispatch->match, field[3]);

	if (kind == KIND_NONE || !rooms_listen(dispatch->rooms, field[1], field[2]))
		return;
	log_debug("%s from %s in %s", kind_name(kind), field[2], field[1]);
	watch_hear(dispatch->watch, kind,
		active_time_at(dispatch->active_time, stamp < now ? stamp : now));
}

static void heard_take(struct dispatch *dispatch, char *const field[])
{
	nsec stamp;

	if (message_number(field[0], &stamp))
		words_take(dispatch, stamp, field);
}

/* Only what was said while we were out of a room that we had been in before. */
static void recalled_take(struct dispatch *dispatch, char *const field[])
{
	int room = rooms_index(dispatch->rooms, field[1]);
	nsec stamp;

	if (room < 0 || !message_number(field[0], &stamp))
		return;
	stamp += clock_monotonic() - clock_wall();
	if (stamp >= rooms_missed(dispatch->rooms, room))
		words_take(dispatch, stamp, field);
}

static void missed_say(const struct dispatch *dispatch, int room)
{
	char stamp[MESSAGE_NUMBER];
	nsec missed = rooms_missed(dispatch->rooms, room);

	if (missed != NSEC_NEVER)
		worker_send(dispatch->xmpp, MESSAGE_MISSED,
			FIELDS(rooms_name(dispatch->rooms, room),
				message_number_text(missed > 0 ? missed : 0, stamp)));
}

static void joined_take(struct dispatch *dispatch, char *const field[])
{
	if (!rooms_entered(dispatch->rooms, field[0], field[1]))
		return;
	heartbeat_joined(dispatch->heartbeat, field[0]);
	channels_room_opened(dispatch->channels, field[0]);
}

static void left_take(struct dispatch *dispatch, char *const field[], nsec now)
{
	if (!rooms_left(dispatch->rooms, field[0], field[1], now))
		return;
	heartbeat_left(dispatch->heartbeat, field[0]);
	channels_room_closed(dispatch->channels, field[0], field[1]);
	missed_say(dispatch, rooms_index(dispatch->rooms, field[0]));
}

static void answer_take(struct dispatch *dispatch, const struct message *message,
	enum answer answer, const char *why, nsec now)
{
	enum channel_type type = message->from == SPEAKER_XMPP ? CHANNEL_ROOM : CHANNEL_PAGERDUTY;

	channels_answer(dispatch->channels, type, message->field[0], answer, why, now);
}

void dispatch_take(struct dispatch *dispatch, const struct message *message, nsec now)
{
	char *const *field = message->field;

	switch (message->type) {
	case MESSAGE_HEARD:
		heard_take(dispatch, field);
		break;
	case MESSAGE_RECALLED:
		recalled_take(dispatch, field);
		break;
	case MESSAGE_CREATED:
		rooms_created(dispatch->rooms, field[0]);
		break;
	case MESSAGE_OCCUPANT:
		rooms_see(dispatch->rooms, field[0], field[1],
			&(struct identity){field[2], field[3], field[4]}, now);
		break;
	case MESSAGE_JOINED:
		joined_take(dispatch, field);
		break;
	case MESSAGE_LEFT:
		left_take(dispatch, field, now);
		break;
	case MESSAGE_DONE:
		answer_take(dispatch, message, ANSWER_DONE, "", now);
		break;
	case MESSAGE_REFUSED:
		answer_take(dispatch, message, ANSWER_REFUSED, field[1], now);
		break;
	case MESSAGE_FAILED:
		answer_take(dispatch, message, ANSWER_FAILED, field[1], now);
		break;
	default: /* about the hand itself, or ours: they do not come here */
		break;
	}
}

void dispatch_xmpp_started(const struct dispatch *dispatch)
{
	for (int i = 0; i < rooms_count(dispatch->rooms); i++)
		missed_say(dispatch, i);
}

void dispatch_xmpp_lost(struct dispatch *dispatch, const char *why, nsec now)
{
	heartbeat_lost(dispatch->heartbeat);
	rooms_all_left(dispatch->rooms, why, now);
	channels_xmpp_lost(dispatch->channels, why);
}
