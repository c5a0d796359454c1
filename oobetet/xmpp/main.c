/* SPDX-License-Identifier: MIT */
/* The xmpp worker: its loop, its rooms, and its messages with the monitor. */
#include "oobetet/xmpp/xmpp.h"

#include "common/log.h"
#include "common/memory.h"
#include "oobetet/xmpp/stanza.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#define TICK (500 * NSEC_PER_MSEC) /* until login libstrophe has timers of its own */
#define LEAVE_LIMIT NSEC_PER_SEC   /* how long leaving may take */
#define DATA_MAX (64 << 20)        /* bytes: the last resort, to protect the machine */

/* ---- rooms ---- */

static void rooms_tick(struct xmpp *xmpp, nsec now)
{
	for (int i = 0; i < xmpp->room_count; i++) {
		struct muc *room = xmpp->rooms[i];
		enum muc_action action;
		char id[REQUEST_ID_SIZE];

		while ((action = muc_tick(room, now)) != MUC_NONE) {
			if (action == MUC_JOIN) {
				/* they should be known when the first presence arrives */
				handlers_ask_features(xmpp, i);
				handlers_request_id(xmpp, REQUEST_JOIN, i, id);
				stanza_join(xmpp->session->connection, room->name, room->nick, id,
					xmpp->config->room_password, muc_history(room, now));
			} else if (action == MUC_PING) {
				handlers_request_id(xmpp, REQUEST_PING, i, id);
				stanza_ping(xmpp->session->connection, room->name, room->nick, id);
			} else {
				handlers_report_left(xmpp, room, room->why);
			}
		}
	}
}

static struct muc *room_named(const struct xmpp *xmpp, const char *name)
{
	for (int i = 0; i < xmpp->room_count; i++)
		if (strcasecmp(xmpp->rooms[i]->name, name) == 0)
			return xmpp->rooms[i];
	return NULL;
}

/* ---- messages of the monitor ---- */

static void message_send(struct xmpp *xmpp, const char *id, const char *name, const char *text)
{
	struct muc *room = room_named(xmpp, name);

	if (room == NULL || room->state != MUC_IN || xmpp->session->state != SESSION_ONLINE) {
		ipc_send(xmpp->ipc, MESSAGE_FAILED, FIELDS(id, "we are not in the room"));
		return;
	}
	muc_sent(room, id, text);
	stanza_message(xmpp->session->connection, room->name, id, text);
}

static void messages_read(struct xmpp *xmpp)
{
	struct message message;

	while (ipc_next(xmpp->ipc, &message)) {
		char *const *field = message.field;
		nsec stamp;

		if (message.type == MESSAGE_SAY) {
			message_send(xmpp, field[0], field[1], field[2]);
		} else if (message.type == MESSAGE_MISSED) {
			struct muc *room = room_named(xmpp, field[0]);

			if (room != NULL && message_number(field[1], &stamp))
				room->absent = stamp;
		} else if (message.type == MESSAGE_STOP) {
			xmpp->stopping = true;
		}
	}
}

/* ---- the event loop ---- */

static nsec xmpp_worker_deadline(const struct xmpp *xmpp, nsec now)
{
	nsec deadline = now + xmpp->timing.alive;

	if (xmpp->session->state != SESSION_ONLINE)
		return now + TICK;
	for (int i = 0; i < xmpp->room_count; i++)
		if (muc_deadline(xmpp->rooms[i]) < deadline)
			deadline = muc_deadline(xmpp->rooms[i]);
	return deadline;
}

/* Waits for the monitor, the server, or the next deadline. */
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
	messages_read(xmpp);
}

/* NULL: it goes on. */
static const char *why_over(const struct xmpp *xmpp, nsec now)
{
	const struct session *session = xmpp->session;
	nsec limit = 2 * (xmpp->timing.ping + xmpp->timing.answer);

	if (session->state == SESSION_OVER)
		return session->why;
	/* our pings should have been answered: the connection is dead */
	if (xmpp->received != 0 && now - xmpp->received > limit)
		return "the server does not answer";
	return NULL;
}

/* Once logged in. */
static void online_work(struct xmpp *xmpp, nsec now)
{
	if (xmpp->received == 0) {
		handlers_start(xmpp);
		ipc_send(xmpp->ipc, MESSAGE_ONLINE,
			FIELDS(xmpp_conn_get_bound_jid(xmpp->session->connection)));
	}
	rooms_tick(xmpp, now);
}

/* Returns when the connection or the monitor is gone, or says stop. */
static void xmpp_worker_run(struct xmpp *xmpp)
{
	nsec last = clock_monotonic();

	messages_read(xmpp); /* which may have come with the configuration */
	while (!ipc_closed(xmpp->ipc) && !xmpp->stopping) {
		nsec now = clock_monotonic();

		/* while this process was stopped, the server may have answered */
		if (xmpp->received != 0 && now - last > 2 * xmpp->timing.alive)
			xmpp->received += now - last;
		last = now;
		const char *why = why_over(xmpp, now);

		if (why != NULL) {
			ipc_send(xmpp->ipc, MESSAGE_GONE, FIELDS(why));
			return;
		}
		ipc_live(xmpp->ipc, now, xmpp->timing.alive, xmpp->timing.timeout);
		if (xmpp->session->state == SESSION_ONLINE)
			online_work(xmpp, now);
		xmpp_worker_wait(xmpp);
		now = clock_monotonic();
		session_run(xmpp->session, now);
		if (xmpp->session->state == SESSION_FAILED) {
			ipc_live(xmpp->ipc, now, xmpp->timing.alive, TIMING_RESOLVER);
			session_next(xmpp->session, now);
		}
	}
}

static void xmpp_worker_leave(struct xmpp *xmpp)
{
	nsec limit = clock_monotonic() + LEAVE_LIMIT;

	for (int i = 0; i < xmpp->room_count; i++)
		if (xmpp->rooms[i]->state == MUC_IN)
			stanza_presence(xmpp->session->connection, xmpp->rooms[i]->name,
				xmpp->rooms[i]->nick, "unavailable");
	session_close(xmpp->session);
	while (xmpp->session->state != SESSION_OVER && clock_monotonic() < limit) {
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
	xmpp->rooms = memory_zeroed((size_t)xmpp->room_count, sizeof(struct muc *));
	for (int i = 0; i < xmpp->room_count; i++)
		xmpp->rooms[i] = muc_new(config->rooms.item[i], config->alias, &xmpp->timing,
			(uint32_t)now + (uint32_t)i);
	ipc_live(ipc, now, xmpp->timing.alive, TIMING_RESOLVER);
	xmpp->session = session_open(config, ipc_attempt(ipc), now, xmpp->timing.login);
	return xmpp;
}

int xmpp_main(void)
{
	struct ipc *ipc = ipc_open("xmpp");
	struct config *config = ipc_configuration(ipc);

#ifndef __SANITIZE_ADDRESS__ /* it reserves terabytes */
	const struct rlimit memory = {DATA_MAX, DATA_MAX};

	setrlimit(RLIMIT_DATA, &memory);
#endif
	if (config != NULL) {
		struct xmpp *xmpp = xmpp_worker_new(ipc, config);

		xmpp_worker_run(xmpp);
		if (xmpp->stopping)
			xmpp_worker_leave(xmpp);
		session_free(xmpp->session);
		for (int i = 0; i < xmpp->room_count; i++)
			muc_free(xmpp->rooms[i]);
		free(xmpp->rooms);
		config_free(xmpp->config);
		free(xmpp);
	}
	ipc_free(ipc);
	return 0;
}
