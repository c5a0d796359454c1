/* SPDX-License-Identifier: MIT */
#include "oobetet/ear/ear.h"

#include "common/log.h"
#include "common/memory.h"
#include "oobetet/ear/hearing.h"
#include "oobetet/ear/stanza.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#define TICK (500 * NSEC_PER_MSEC) /* until log-in libstrophe has timers of its own */
#define LEAVING NSEC_PER_SEC       /* how long leaving may take */
#define MEMORY (64 << 20)          /* bytes: if all else fails, it ends the ear, not the machine */

/* ---- rooms ---- */

static void room_ping(struct ear *ear, int index)
{
	const struct room *room = ear->rooms[index];
	char id[40];

	snprintf(id, sizeof id, "ping-%d-%u", index, room_ping_number(room));
	stanza_ping(session_connection(ear->session), room_name(room), room_nick(room), id);
}

/* What it can do is known, if it tells, before the first presence comes. */
static void room_join(struct ear *ear, int index, nsec now)
{
	const struct room *room = ear->rooms[index];

	hearing_ask_features(ear, index);
	stanza_join(session_connection(ear->session), room_name(room), room_nick(room),
		ear->config->room_password, room_history(room, now));
}

static void rooms_tick(struct ear *ear, nsec now)
{
	for (int i = 0; i < ear->room_count; i++) {
		struct room *room = ear->rooms[i];
		enum room_wish wish;

		while ((wish = room_tick(room, now)) != ROOM_REST) {
			if (wish == ROOM_JOIN)
				room_join(ear, i, now);
			else if (wish == ROOM_PING)
				room_ping(ear, i);
			else
				hearing_tell_left(ear, room, room_why(room));
		}
	}
}

static void rooms_leave(struct ear *ear)
{
	for (int i = 0; i < ear->room_count; i++)
		if (room_is_in(ear->rooms[i]))
			stanza_leave(session_connection(ear->session), room_name(ear->rooms[i]),
				room_nick(ear->rooms[i]));
}

static struct room *room_named(const struct ear *ear, const char *name)
{
	for (int i = 0; i < ear->room_count; i++)
		if (strcasecmp(room_name(ear->rooms[i]), name) == 0)
			return ear->rooms[i];
	return NULL;
}

/* ---- the clock's words ---- */

static void say(struct ear *ear, const char *id, const char *name, const char *text)
{
	struct room *room = room_named(ear, name);

	if (room == NULL || !room_is_in(room) || !session_online(ear->session)) {
		link_say(ear->link, WORD_FAILED, FIELDS(id, "we are not in the room"));
		return;
	}
	receipts_expect(room_receipts(room), id, text);
	stanza_say(session_connection(ear->session), room_name(room), id, text);
}

static void miss(const struct ear *ear, const char *name, const char *since)
{
	struct room *room = room_named(ear, name);
	nsec stamp;

	if (room != NULL && message_number(since, &stamp))
		room_missed(room, stamp);
}

static void words_take(struct ear *ear)
{
	struct message message;

	while (link_next(ear->link, &message)) {
		if (message.word == WORD_SAY)
			say(ear, message.field[0], message.field[1], message.field[2]);
		else if (message.word == WORD_MISSED)
			miss(ear, message.field[0], message.field[1]);
		else if (message.word == WORD_STOP)
			ear->stopping = true;
	}
}

/* ---- its life ---- */

static nsec ear_deadline(const struct ear *ear, nsec now)
{
	nsec deadline = now + ear->pace.alive;

	if (!session_online(ear->session))
		return now + TICK;
	for (int i = 0; i < ear->room_count; i++)
		if (room_deadline(ear->rooms[i]) < deadline)
			deadline = room_deadline(ear->rooms[i]);
	return deadline;
}

/* Sleeps until the clock or the server says something, or something is due. */
static void ear_wait(struct ear *ear)
{
	nsec now = clock_monotonic();
	struct timespec left;
	struct pollfd fds[] = {
		{.fd = PROTOCOL_FD, .events = POLLIN},
		session_poll(ear->session),
	};

	if (ppoll(fds, 2, clock_timeout(now, ear_deadline(ear, now), &left), NULL) > 0 &&
		fds[0].revents != 0)
		link_listen(ear->link);
	words_take(ear);
}

/* A connection over which nothing comes, though we ask, is none. */
static bool server_is_silent(const struct ear *ear, nsec now)
{
	return now - ear->heard > 2 * (ear->pace.ping + ear->pace.answer);
}

static void ear_begin(struct ear *ear)
{
	hearing_start(ear);
	link_say(ear->link, WORD_ONLINE,
		FIELDS(xmpp_conn_get_bound_jid(session_connection(ear->session))));
}

/* NULL: all is well. */
static const char *ear_why_over(const struct ear *ear, nsec now)
{
	const char *why = session_why_over(ear->session);

	if (why == NULL && ear->heard != 0 && server_is_silent(ear, now))
		why = "the server has fallen silent";
	return why;
}

static void ear_try_next(struct ear *ear)
{
	if (!session_wants_next(ear->session))
		return;
	nsec now = clock_monotonic();
	link_live(ear->link, now, ear->pace.alive, PACE_RESOLVER);
	session_next(ear->session, now);
}

/* Who was stopped has heard nothing meanwhile, whoever spoke. */
static void ear_forgive(struct ear *ear, nsec turned, nsec now)
{
	if (ear->heard != 0 && now - turned > 2 * ear->pace.alive)
		ear->heard += now - turned;
}

/* Until the connection, or the clock, is gone, or the clock says stop. */
static void ear_listen(struct ear *ear)
{
	nsec turned = clock_monotonic();

	words_take(ear); /* what came in one piece with the configuration */
	while (!link_closed(ear->link) && !ear->stopping) {
		nsec now = clock_monotonic();

		ear_forgive(ear, turned, now);
		turned = now;
		const char *why = ear_why_over(ear, now);

		if (why != NULL) {
			link_say(ear->link, WORD_GONE, FIELDS(why));
			return;
		}
		link_live(ear->link, now, ear->pace.alive, ear->pace.patience);
		if (session_online(ear->session)) {
			if (ear->heard == 0)
				ear_begin(ear);
			rooms_tick(ear, now);
		}
		ear_wait(ear);
		session_run(ear->session, clock_monotonic());
		ear_try_next(ear);
	}
}

static void ear_leave(struct ear *ear)
{
	nsec limit = clock_monotonic() + LEAVING;

	rooms_leave(ear);
	session_close(ear->session);
	while (session_why_over(ear->session) == NULL && clock_monotonic() < limit) {
		struct pollfd server = session_poll(ear->session);

		poll(&server, 1, 50);
		session_run(ear->session, clock_monotonic());
	}
}

static struct ear *ear_new(struct link *link, struct config *config)
{
	struct ear *ear = memory_zeroed(1, sizeof *ear);
	nsec now = clock_monotonic();

	ear->link = link;
	ear->config = config;
	ear->pace = pace_of(config->max_latency);
	ear->room_count = config->rooms.count;
	ear->rooms = memory_zeroed((size_t)ear->room_count, sizeof(struct room *));
	for (int i = 0; i < ear->room_count; i++)
		ear->rooms[i] = room_new(config->rooms.item[i], config->alias, &ear->pace,
			(uint32_t)now + (uint32_t)i);
	link_live(link, now, ear->pace.alive, PACE_RESOLVER);
	ear->session = session_open(config, link_attempt(link), now, ear->pace.login);
	return ear;
}

static void ear_free(struct ear *ear)
{
	session_free(ear->session);
	for (int i = 0; i < ear->room_count; i++)
		room_free(ear->rooms[i]);
	free(ear->rooms);
	config_free(ear->config);
	free(ear);
}

/* AddressSanitizer reserves terabytes: under it there is no such limit. */
static void memory_limit(void)
{
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit memory = {MEMORY, MEMORY};

	setrlimit(RLIMIT_DATA, &memory);
#endif
}

int ear_main(void)
{
	struct link *link = link_open("ear");
	struct config *config = link_configuration(link);

	memory_limit();
	if (config != NULL) {
		struct ear *ear = ear_new(link, config);

		ear_listen(ear);
		if (ear->stopping)
			ear_leave(ear);
		ear_free(ear);
	}
	link_free(link);
	return 0;
}
