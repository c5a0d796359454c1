/* SPDX-License-Identifier: MIT */
/*
 * Private to the xmpp worker: main.c (its loop), session.c (the connection), handlers.c (stanzas).
 */
#ifndef OOBETET_XMPP_XMPP_H
#define OOBETET_XMPP_XMPP_H

#include "oobetet/config/config.h"
#include "oobetet/ipc.h"
#include "oobetet/xmpp/muc.h"

#include <poll.h>
#include <strophe.h>

#define SESSION_FAULT 300 /* bytes of a text that says what failed */

/*
 * One connection to the Jabber server: connecting, TLS, login. When it ends, the worker exits. One
 * a process, since libstrophe's callbacks for sockets and certificates have no user pointer. For
 * others to read: connection, secrets, state, why.
 */
struct session {
	const struct config *config;
	const char *secrets[3]; /* passwords, to be masked in texts of the server; NULL ends them */
	xmpp_log_t log;
	xmpp_mem_t memory;
	size_t heap; /* bytes that libstrophe holds */
	xmpp_ctx_t *context;
	xmpp_conn_t *connection;
	nsec give_up; /* when login must be done */
	nsec limit;
	bool reached; /* there was a TCP connection */
	enum {
		SESSION_CONNECTING,
		SESSION_FAILED, /* this address; session_next() tries another one */
		SESSION_ONLINE, /* logged in: stanzas can be sent, and handlers added */
		SESSION_OVER,   /* for good; `why` says why */
	} state;
	char peer[SESSION_FAULT];       /* host and port of the last attempt to connect, if known */
	int fault;                      /* why that failed, an errno; 0: not known */
	char error_text[SESSION_FAULT]; /* the last error that libstrophe logged */
	char why[SESSION_FAULT];        /* of FAILED or OVER */
};

/* The worker. */
struct xmpp {
	struct ipc *ipc;
	struct config *config;
	struct timing timing;
	struct session *session;
	struct muc **rooms;
	int room_count;
	nsec received; /* when the server last sent a stanza; 0: we are not logged in */
	bool stopping;
};

/* ---- session.c ---- */

/*
 * Begins to connect. Blocks while names are resolved; gives up an address without a login after
 * `limit`. `attempt`: how many sessions in a row have failed before; each begins with the next of
 * the server's addresses, in a circle. Never NULL: what fails at once is over at once. Free with
 * session_free().
 */
struct session *session_open(const struct config *config, int64_t attempt, nsec now, nsec limit);
void session_free(struct session *session);

/* Wait for this before session_run(); until login call session_run() twice a second in any case. */
struct pollfd session_poll(const struct session *session);

/* Reads the stanzas and calls the handlers; may block in a TLS handshake. */
void session_run(struct session *session, nsec now);

/*
 * In state FAILED, where an address could not be reached or allowed no login in time: tries the
 * next one, for which it resolves names again, or ends the session when there is none.
 */
void session_next(struct session *session, nsec now);

/* Begins to end the stream; then the state becomes OVER. */
void session_close(struct session *session);

/* ---- handlers.c: what the server sends changes the rooms, and is reported to the monitor ---- */

/* Registers the handlers; call it once logged in. */
void handlers_start(struct xmpp *xmpp);

/* Asks the room with this index for its features. */
void handlers_ask_features(struct xmpp *xmpp, int room);

/* Reports that we are out of the room. */
void handlers_report_left(struct xmpp *xmpp, const struct muc *room, const char *why);

/* The id of the newest ping of this room, or request to join it. */
#define REQUEST_ID_SIZE 40
#define REQUEST_PING "ping"
#define REQUEST_JOIN "join"
void handlers_request_id(
	const struct xmpp *xmpp, const char *what, int room, char out[REQUEST_ID_SIZE]);

#endif
