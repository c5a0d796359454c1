/* SPDX-License-Identifier: MIT */
/* What a worker's message, or a line of a listen_command, means, and for whom. */
#include "oobetet/monitor.h"

#include "common/log.h"
#include "oobetet/status.h"

#include <string.h>

/* A message that counts for this watch. `where`: the room, or the listen_command. */
static void kind_apply(
	struct watched *watched, enum kind kind, nsec stamp, const char *where, const char *nick)
{
	log_debug("%s%s from %s in %s", watched->config->label, kind_name(kind), nick, where);
	watch_receive(watched->watch, kind, stamp);
	if (kind < KINDS_AWAITED)
		watched->heard[kind] = true;
}

/* A message in a room at `stamp` of CLOCK_MONOTONIC, seen live or kept by the room. */
static void body_apply(
	struct monitor *monitor, nsec stamp, char *const field[], bool recalled, nsec now)
{
	stamp = nsec_earlier(stamp, clock_monotonic());
	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *watched = monitor->watches.each[i];
		const struct watch_config *config = watched->config;
		enum kind kind = KIND_NONE;

		if (!list_has(&config->watch_rooms, field[1], strlen(field[1])))
			continue;
		if (rooms_counts(config, field[1], field[2]))
			kind = match_body(&watched->match, field[3]);
		if (kind != KIND_NONE && !rooms_vouch(monitor->rooms, config, field[1], field[2],
						 field[4], recalled, now))
			kind = KIND_NONE;
		chain_hear(&watched->chain, &watched->match, kind, field[3], stamp);
		if (kind != KIND_NONE)
			kind_apply(watched, kind, active_time_at(&monitor->active_time, stamp),
				field[1], field[2]);
	}
}

/* History counts only from an absence: not on the first joining. Its stamp is the room's. */
static void history_apply(struct monitor *monitor, nsec stamp, char *const field[], nsec now)
{
	int room = rooms_index(monitor->rooms, field[1]);

	stamp += clock_monotonic() - clock_wall();
	if (room >= 0 && stamp >= rooms_missed(monitor->rooms, room))
		body_apply(monitor, stamp, field, true, now);
}

/* Asks the xmpp worker for a room's history since the last absence. */
static void missed_send(struct monitor *monitor, int room)
{
	char stamp[MESSAGE_NUMBER];
	nsec missed = rooms_missed(monitor->rooms, room);

	if (missed != NSEC_NEVER)
		worker_send(monitor->workers.xmpp, MESSAGE_MISSED,
			FIELDS(rooms_name(monitor->rooms, room),
				message_number_text(missed > 0 ? missed : 0, stamp)));
}

static void answer_apply(struct monitor *monitor, const struct message *message, enum answer answer,
	const char *why, nsec now)
{
	enum channel_type type = message->from == SPEAKER_XMPP ? CHANNEL_ROOM : CHANNEL_PAGERDUTY;

	watches_answer(&monitor->watches, type, message->field[0], answer, why, now);
}

/* What the diagnosis of each watch that listens in this room has to know. */
static void room_note(struct monitor *monitor, enum message_type type, const char *room,
	const char *nick, nsec now)
{
	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *watched = monitor->watches.each[i];
		const struct watch_config *config = watched->config;

		if (!list_has(&config->watch_rooms, room, strlen(room)))
			continue;
		if (type == MESSAGE_CREATED)
			chain_created(&watched->chain, now);
		else if (list_has(&config->watched_nick, nick, strlen(nick)))
			chain_sender(&watched->chain, type == MESSAGE_OCCUPANT);
	}
}

void dispatch_message(struct monitor *monitor, const struct message *message, nsec now)
{
	char *const *field = message->field;
	nsec stamp;

	switch (message->type) {
	case MESSAGE_HEARD:
		if (message_number(field[0], &stamp))
			body_apply(monitor, stamp, field, false, now);
		break;
	case MESSAGE_RECALLED:
		if (message_number(field[0], &stamp))
			history_apply(monitor, stamp, field, now);
		break;
	case MESSAGE_CREATED:
		rooms_set_created(monitor->rooms, field[0]);
		room_note(monitor, MESSAGE_CREATED, field[0], "", now);
		break;
	case MESSAGE_OCCUPANT:
		rooms_see(monitor->rooms, field[0], field[1],
			&(struct identity){field[2], field[3], field[4]}, now);
		room_note(monitor, MESSAGE_OCCUPANT, field[0], field[1], now);
		break;
	case MESSAGE_VACATED:
		room_note(monitor, MESSAGE_VACATED, field[0], field[1], now);
		break;
	case MESSAGE_DEPARTED:
		rooms_depart(monitor->rooms, field[0], field[1]);
		break;
	case MESSAGE_JOINED:
		if (rooms_set_joined(monitor->rooms, field[0], field[1]))
			watches_open(&monitor->watches, CHANNEL_ROOM, field[0]);
		break;
	case MESSAGE_LEFT:
		if (!rooms_left(monitor->rooms, field[0], field[1], now))
			break;
		watches_close(&monitor->watches, CHANNEL_ROOM, field[0], field[1]);
		missed_send(monitor, rooms_index(monitor->rooms, field[0]));
		break;
	case MESSAGE_ASKED:
		if (rooms_may_answer(monitor->rooms, field[0], now))
			announce_status(monitor, field[0], now);
		break;
	case MESSAGE_DONE:
		answer_apply(monitor, message, ANSWER_DONE, "", now);
		break;
	case MESSAGE_REFUSED:
		answer_apply(monitor, message, ANSWER_REFUSED, field[1], now);
		break;
	case MESSAGE_FAILED:
		answer_apply(monitor, message, ANSWER_FAILED, field[1], now);
		break;
	case MESSAGE_PORT:
	case MESSAGE_BROKER:
	case MESSAGE_QUEUE:
	case MESSAGE_SILENT:
	case MESSAGE_BLIND:
		reading_apply(monitor, message);
		break;
	default: /* handled by worker.c, or sent by the monitor only */
		break;
	}
}

void dispatch_xmpp_started(struct monitor *monitor)
{
	for (int i = 0; i < rooms_count(monitor->rooms); i++)
		missed_send(monitor, i);
}

void dispatch_xmpp_lost(struct monitor *monitor, nsec now)
{
	const char *why = worker_why(monitor->workers.xmpp);

	rooms_all_left(monitor->rooms, why, now);
	watches_close(&monitor->watches, CHANNEL_ROOM, NULL, why);
}

/* ---- the listen_commands of all watches ---- */

static void heard_apply(struct monitor *monitor, struct watched *watched, const struct heard *heard)
{
	enum kind kind = nick_counts(watched->config, heard->nick)
				 ? match_body(&watched->match, heard->text)
				 : KIND_NONE;

	chain_hear(&watched->chain, &watched->match, kind, heard->text, heard->stamp);
	if (kind != KIND_NONE)
		kind_apply(watched, kind, active_time_at(&monitor->active_time, heard->stamp),
			"listen_command", heard->nick);
}

void listeners_read(struct monitor *monitor, const struct timestamps *now)
{
	const struct moment moment = {.monotonic = now->monotonic, .wall = now->wall};
	struct heard heard;

	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *watched = monitor->watches.each[i];

		listener_tick(watched->listener, now->monotonic);
		while (listener_next(watched->listener, moment, &heard))
			heard_apply(monitor, watched, &heard);
	}
}

bool listeners_present(const struct watches *watches)
{
	for (int i = 0; i < watches->count; i++)
		if (!listener_present(watches->each[i]->listener))
			return false;
	return true;
}

bool listeners_run(struct watches *watches)
{
	bool any = false;

	for (int i = 0; i < watches->count; i++)
		any = listener_runs(watches->each[i]->listener) || any;
	return any;
}

nsec listeners_deadline(const struct watches *watches)
{
	nsec first = NSEC_NEVER;

	for (int i = 0; i < watches->count; i++)
		first = nsec_earlier(first, listener_deadline(watches->each[i]->listener));
	return first;
}

size_t listeners_poll(const struct watches *watches, struct pollfd fds[])
{
	size_t count = 0;

	for (int i = 0; i < watches->count; i++) {
		if (watches->each[i]->listener == NULL)
			continue;
		listener_poll(watches->each[i]->listener, &fds[count]);
		count += LISTENER_POLLS;
	}
	return count;
}

void listeners_extend(struct watches *watches, nsec away)
{
	for (int i = 0; i < watches->count; i++)
		listener_extend(watches->each[i]->listener, away);
}

void listeners_shut_down(struct watches *watches)
{
	for (int i = 0; i < watches->count; i++)
		listener_shut_down(watches->each[i]->listener);
}
