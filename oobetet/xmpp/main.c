/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/main.h"

#include "common/log.h"
#include "common/memory.h"
#include "oobetet/xmpp/handlers.h"
#include "oobetet/xmpp/stanza.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#define TICK (500 * NSEC_PER_MSEC) /* until log-in libstrophe has timers of its own */
#define LEAVING NSEC_PER_SEC       /* how long leaving may take */
#define MEMORY (64 << 20)          /* bytes: if all else fails, it ends the ear, not the machine */

/* ---- rooms ---- */

static void room_ping(struct xmpp *xmpp, int index)
{
	const struct room *room = xmpp->rooms[index];
	char id[40];

	snprintf(id, sizeof id, "ping-%d-%u", index, room_ping_number(room));
	stanza_ping(session_connection(xmpp->session), room_name(room), room_nick(room), id);
}

/* What it can do is known, if it tells, before the first presence comes. */
static void room_join(struct xmpp *xmpp, int index, nsec now)
{
	const struct room *room = xmpp->rooms[index];

	handlers_ask_features(xmpp, index);
	stanza_join(session_connection(xmpp->session), room_name(room), room_nick(room),
		xmpp->config->room_password, room_history(room, now));
}

static void rooms_tick(struct xmpp *xmpp, nsec now)
{
	for (int i = 0; i < xmpp->room_count; i++) {
		struct room *room = xmpp->rooms[i];
		enum room_wish wish;

		while ((wish = room_tick(room, now)) != ROOM_REST) {
			if (wish == ROOM_JOIN)
				room_join(xmpp, i, now);
			else if (wish == ROOM_PING)
				room_ping(xmpp, i);
			else
				handlers_tell_left(xmpp, room, room_why(room));
		}
	}
}

static void rooms_leave(struct xmpp *xmpp)
{
	for (int i = 0; i < xmpp->room_count; i++)
		if (room_is_in(xmpp->rooms[i]))
			stanza_leave(session_connection(xmpp->session), room_name(xmpp->rooms[i]),
				room_nick(xmpp->rooms[i]));
}

static struct room *room_named(const struct xmpp *xmpp, const char *name)
{
	for (int i = 0; i < xmpp->room_count; i++)
		if (strcasecmp(room_name(xmpp->rooms[i]), name) == 0)
			return xmpp->rooms[i];
	return NULL;
}

/* ---- the clock's words ---- */

static void say(struct xmpp *xmpp, const char *id, const char *name, const char *text)
{
	struct room *room = room_named(xmpp, name);

	if (room == NULL || !room_is_in(room) || !session_online(xmpp->session)) {
		ipc_say(xmpp->ipc, MESSAGE_FAILED, FIELDS(id, "we are not in the room"));
		return;
	}
	receipts_expect(room_receipts(room), id, text);
	stanza_say(session_connection(xmpp->session), room_name(room), id, text);
}

static void miss(const struct xmpp *xmpp, const char *name, const char *since)
{
	struct room *room = room_named(xmpp, name);
	nsec stamp;

	if (room != NULL && message_number(since, &stamp))
		room_missed(room, stamp);
}

static void words_take(struct xmpp *xmpp)
{
	struct message message;

	while (ipc_next(xmpp->ipc, &message)) {
		if (message.type == MESSAGE_SAY)
			say(xmpp, message.field[0], message.field[1], message.field[2]);
		else if (message.type == MESSAGE_MISSED)
			miss(xmpp, message.field[0], message.field[1]);
		else if (message.type == MESSAGE_STOP)
			xmpp->stopping = true;
	}
}

/* ---- its life ---- */

static nsec xmpp_worker_deadline(const struct xmpp *xmpp, nsec now)
{
	nsec deadline = now + xmpp->timing.alive;

	if (!session_online(xmpp->session))
		return now + TICK;
	for (int i = 0; i < xmpp->room_count; i++)
		if (room_deadline(xmpp->rooms[i]) < deadline)
			deadline = room_deadline(xmpp->rooms[i]);
	return deadline;
}

/* Sleeps until the clock or the server says something, or something is due. */
static void xmpp_worker_wait(struct xmpp *xmpp)
{
	nsec now = clock_monotonic();
	struct timespec left;
	struct pollfd fds[] = {
		{.fd = IPC_FD, .events = POLLIN},
		session_poll(xmpp->session),
	};

	if (ppoll(fds, 2, clock_timeout(now, xmpp_worker_deadline(xmpp, now), &left), NULL) > 0 &&
		fds[0].revents != 0)
		ipc_listen(xmpp->ipc);
	words_take(xmpp);
}

/* A connection over which nothing comes, though we ask, is none. */
static bool server_is_silent(const struct xmpp *xmpp, nsec now)
{
	return now - xmpp->heard > 2 * (xmpp->timing.ping + xmpp->timing.answer);
}

static void xmpp_worker_begin(struct xmpp *xmpp)
{
	handlers_start(xmpp);
	ipc_say(xmpp->ipc, MESSAGE_ONLINE,
		FIELDS(xmpp_conn_get_bound_jid(session_connection(xmpp->session))));
}

/* NULL: all is well. */
static const char *xmpp_worker_why_over(const struct xmpp *xmpp, nsec now)
{
	const char *why = session_why_over(xmpp->session);

	if (why == NULL && xmpp->heard != 0 && server_is_silent(xmpp, now))
		why = "the server has fallen silent";
	return why;
}

static void xmpp_worker_try_next(struct xmpp *xmpp)
{
	if (!session_wants_next(xmpp->session))
		return;
	nsec now = clock_monotonic();
	ipc_live(xmpp->ipc, now, xmpp->timing.alive, TIMING_RESOLVER);
	session_next(xmpp->session, now);
}

/* Who was stopped has heard nothing meanwhile, whoever spoke. */
static void xmpp_extend(struct xmpp *xmpp, nsec turned, nsec now)
{
	if (xmpp->heard != 0 && now - turned > 2 * xmpp->timing.alive)
		xmpp->heard += now - turned;
}

/* Until the connection, or the clock, is gone, or the clock says stop. */
static void xmpp_worker_listen(struct xmpp *xmpp)
{
	nsec turned = clock_monotonic();

	words_take(xmpp); /* what came in one piece with the configuration */
	while (!ipc_closed(xmpp->ipc) && !xmpp->stopping) {
		nsec now = clock_monotonic();

		xmpp_extend(xmpp, turned, now);
		turned = now;
		const char *why = xmpp_worker_why_over(xmpp, now);

		if (why != NULL) {
			ipc_say(xmpp->ipc, MESSAGE_GONE, FIELDS(why));
			return;
		}
		ipc_live(xmpp->ipc, now, xmpp->timing.alive, xmpp->timing.timeout);
		if (session_online(xmpp->session)) {
			if (xmpp->heard == 0)
				xmpp_worker_begin(xmpp);
			rooms_tick(xmpp, now);
		}
		xmpp_worker_wait(xmpp);
		session_run(xmpp->session, clock_monotonic());
		xmpp_worker_try_next(xmpp);
	}
}

static void xmpp_worker_leave(struct xmpp *xmpp)
{
	nsec limit = clock_monotonic() + LEAVING;

	rooms_leave(xmpp);
	session_close(xmpp->session);
	while (session_why_over(xmpp->session) == NULL && clock_monotonic() < limit) {
		struct pollfd server = session_poll(xmpp->session);

		poll(&server, 1, 50);
		session_run(xmpp->session, clock_monotonic());
	}
}

static struct xmpp *xmpp_worker_new(struct ipc *ipc, struct config *config)
{
	struct xmpp *xmpp = memory_zeroed(1, sizeof *xmpp);
	nsec now = clock_monotonic();

	xmpp->ipc = ipc;
	xmpp->config = config;
	xmpp->timing = timing_of(config->max_latency);
	xmpp->room_count = config->rooms.count;
	xmpp->rooms = memory_zeroed((size_t)xmpp->room_count, sizeof(struct room *));
	for (int i = 0; i < xmpp->room_count; i++)
		xmpp->rooms[i] = room_new(config->rooms.item[i], config->alias, &xmpp->timing,
			(uint32_t)now + (uint32_t)i);
	ipc_live(ipc, now, xmpp->timing.alive, TIMING_RESOLVER);
	xmpp->session = session_open(config, ipc_attempt(ipc), now, xmpp->timing.login);
	return xmpp;
}

static void xmpp_worker_free(struct xmpp *xmpp)
{
	session_free(xmpp->session);
	for (int i = 0; i < xmpp->room_count; i++)
		room_free(xmpp->rooms[i]);
	free(xmpp->rooms);
	config_free(xmpp->config);
	free(xmpp);
}

/* AddressSanitizer reserves terabytes: under it there is no such limit. */
static void memory_limit(void)
{
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit memory = {MEMORY, MEMORY};

	setrlimit(RLIMIT_DATA, &memory);
#endif
}

int xmpp_main(void)
{
	struct ipc *ipc = ipc_open("xmpp");
	struct config *config = ipc_configuration(ipc);

	memory_limit();
	if (config != NULL) {
		struct xmpp *xmpp = xmpp_worker_new(ipc, config);

		xmpp_worker_listen(xmpp);
		if (xmpp->stopping)
			xmpp_worker_leave(xmpp);
		xmpp_worker_free(xmpp);
	}
	ipc_free(ipc);
	return 0;
}
