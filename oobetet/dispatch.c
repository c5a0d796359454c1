/* SPDX-License-Identifier: MIT */
/* What a worker's message, or a line of a listen_command, means, and for whom. */
#include "oobetet/monitor.h"

#include "common/duration.h"
#include "common/log.h"
#include "oobetet/status.h"

#include <string.h>

#define AHEAD (2 * NSEC_PER_SEC) /* a stamp that is so far in the future proves nothing */

/* ---- messages in rooms ---- */

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

/*
 * History counts only from an absence: not on the first joining. Its stamp is the room's. A message
 * with a stamp in the future may have come at any time of the absence: were it now, an old message
 * would end an incident.
 */
static void history_apply(struct monitor *monitor, nsec stamp, char *const field[], nsec now)
{
	int room = rooms_index(monitor->rooms, field[1]);
	nsec missed = room >= 0 ? rooms_missed(monitor->rooms, room) : NSEC_NEVER;
	nsec wall = clock_wall();

	if (missed != NSEC_NEVER && stamp > wall + AHEAD) {
		log_limited(&monitor->ahead, now, log_warning,
			"history of the room %s has a time in the future, and counts as from the "
			"beginning of the absence: do the clocks agree?",
			field[1]);
		stamp = missed;
	} else {
		stamp += clock_monotonic() - wall;
	}
	if (stamp >= missed)
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

/* Somebody, or oobetet itself, has entered or left a room, or a question was asked there. */
static void room_apply(
	struct monitor *monitor, enum message_type type, char *const field[], nsec now)
{
	switch (type) {
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
		/* of a worker that is restarted, dispatch_xmpp_lost() says it of all rooms */
		if (!worker_takes(monitor->workers.xmpp) ||
			!rooms_left(monitor->rooms, field[0], field[1], now))
			break;
		watches_close(&monitor->watches, CHANNEL_ROOM, field[0], field[1]);
		missed_send(monitor, rooms_index(monitor->rooms, field[0]));
		break;
	case MESSAGE_ASKED:
		if (rooms_may_answer(monitor->rooms, field[0], now))
			announce_status(monitor, field[0], now);
		break;
	default:
		break;
	}
}

/* ---- readings of the probe worker, for the diagnosis ---- */

/* An empty field is a number that is not known. */
static int64_t number_or_unknown(const char *field)
{
	int64_t number;

	return message_number(field, &number) ? number : -1;
}

static int check_state_of(const char *field)
{
	if (strcmp(field, "ok") == 0)
		return CHECK_OK;
	return strcmp(field, "problem") == 0 ? CHECK_PROBLEM : CHECK_UNKNOWN;
}

static void broker_apply(struct chain *chain, char *const field[], nsec stamp)
{
	const struct broker_reading reading = {.healthy = strchr(field[2], 'h') != NULL,
		.redis = strchr(field[2], 'r') != NULL,
		.paused = strchr(field[2], 'p') != NULL,
		.check = check_state_of(field[3]),
		.age = number_or_unknown(field[4]),
		.queue = number_or_unknown(field[5])};

	readings_broker(&chain->readings, &reading, stamp, chain->gap);
}

static void queue_apply(struct chain *chain, char *const field[], nsec stamp)
{
	const struct queue_reading reading = {.length = number_or_unknown(field[2]),
		.oldest = (uint64_t)number_or_unknown(field[3]),
		.taken = number_or_unknown(field[4]),
		.output_name = field[5],
		.output = number_or_unknown(field[6]),
		.output_oldest = (uint64_t)number_or_unknown(field[7])};

	if (reading.length >= 0)
		readings_queue(&chain->readings, &reading, stamp, chain->gap);
}

static void reading_apply(struct monitor *monitor, const struct message *message)
{
	char *const *field = message->field;
	char period[DURATION_TEXT], limit[DURATION_TEXT];
	int64_t watch = number_or_unknown(field[0]);
	nsec stamp;

	/* one that is to be restarted knows the watches of the configuration before */
	if (!worker_takes(monitor->workers.probe) || watch < 0 || watch >= monitor->watches.count ||
		!message_number(field[1], &stamp))
		return;
	struct watched *watched = monitor->watches.each[watch];
	struct chain *chain = &watched->chain;
	int64_t probe = number_or_unknown(field[2]); /* of `silent` and `blind` */
	if (message->type == MESSAGE_PORT)
		chain_port(chain, strcmp(field[2], "open") == 0 ? PORT_OPEN : PORT_REFUSED, stamp);
	else if (message->type == MESSAGE_BROKER)
		broker_apply(chain, field, stamp);
	else if (message->type == MESSAGE_QUEUE)
		queue_apply(chain, field, stamp);
	else if (message->type == MESSAGE_SILENT && probe == PROBE_BROKER)
		readings_broker(&chain->readings, &(struct broker_reading){.silent = true}, stamp,
			chain->gap);
	else if (message->type == MESSAGE_SILENT && probe == PROBE_REDIS)
		readings_queue(&chain->readings, &(struct queue_reading){.silent = true}, stamp,
			chain->gap);
	else if (message->type == MESSAGE_BLIND && probe >= 0 && probe < PROBES)
		readings_none(
			&chain->readings, (enum probe)probe, strcmp(field[3], "1") == 0, field[4]);
	if (chain_period_is_long(chain))
		log_warning("%sflapper's period is %s: max_latency (%s) should be at least two "
			    "periods and a minute",
			watched->config->label,
			duration_text(period_rounded(chain->readings.period), period),
			duration_text(watched->config->max_latency, limit));
}

/* ---- all messages ---- */

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
	case MESSAGE_OCCUPANT:
	case MESSAGE_VACATED:
	case MESSAGE_DEPARTED:
	case MESSAGE_JOINED:
	case MESSAGE_LEFT:
	case MESSAGE_ASKED:
		room_apply(monitor, message->type, field, now);
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

/* ---- what listen_commands print ---- */

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

/* ---- whether a message could be heard, for the diagnosis ---- */

static int presence_of(
	const struct monitor *monitor, const struct watched *watched, nsec now, const char **why)
{
	if (watched->listener == NULL)
		return rooms_presence(monitor->rooms, watched->config, why);
	return listener_absence(watched->listener, now, why) == 0 ? ROOM_IN : ROOM_OUT;
}

void presence_note(struct monitor *monitor, nsec now)
{
	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *watched = monitor->watches.each[i];
		const char *why = "";
		int presence = presence_of(monitor, watched, now, &why);

		watched->chain.readings.program = watched->listener != NULL;
		readings_room(&watched->chain.readings, presence, why, now, watched->chain.gap);
	}
}
