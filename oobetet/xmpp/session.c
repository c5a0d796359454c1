/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/session.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "oobetet/text.h"
#include "oobetet/xmpp/heap.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FAULT 300 /* bytes of a text that says what went wrong */

/*
 * A TLS record holds 16 KiB and libstrophe reads 4 KiB a run: this many runs take in a whole one,
 * of which poll(2) sees nothing any more once its beginning has been read.
 */
#define RUNS 5

struct session {
	const struct config *config;
	const char *secrets[3]; /* the configuration's; NULL ends them */
	xmpp_log_t log;
	struct heap heap;
	xmpp_ctx_t *context;
	xmpp_conn_t *connection;
	nsec give_up; /* when log-in must be done */
	nsec limit;
	bool reached; /* there was a TCP connection */
	bool online;
	bool over;
	bool failed;       /* this address has, and nothing else is known to be wrong */
	char place[FAULT]; /* host and port of the last attempt to connect, as far as known */
	int fault;         /* why that failed, an errno; 0: not known */
	char message_types[FAULT]; /* the last error that libstrophe itself named */
	char why[FAULT];
};

static int session_socket = -1;
static int addresses;         /* that libstrophe has come upon since it began to connect */
static int addresses_skipped; /* the first ones, which have failed, perhaps in a life before */
static char certificate_fault[FAULT];

/* Called for one address after the other, until one is good enough to try: for it alone. */
static int on_socket(xmpp_conn_t *connection, void *socket)
{
	if (++addresses <= addresses_skipped) {
		errno = ECANCELED; /* libstrophe 0.14 takes an old EINPROGRESS for a connection */
		return -1;
	}
	session_socket = *(int *)socket;
	return xmpp_sockopt_cb_keepalive(connection, socket);
}

/* Called for a certificate that cannot be verified: never to be let through. */
static int on_certificate(const xmpp_tlscert_t *certificate, const char *const fault)
{
	(void)certificate;
	text_clean_line(fault, certificate_fault, sizeof certificate_fault);
	return 0;
}

/* What follows `start`; NULL: something else does. */
static const char *past(const char *text, const char *start)
{
	size_t length = strlen(start);

	return strncmp(text, start, length) == 0 ? text + length : NULL;
}

/* HOST:PORT, and what follows; 0.14 adds `via ADDRESS`. */
static void place_take(struct session *session, const char *text)
{
	char place[FAULT];
	const char *via = strstr(text, " via ");

	if (via != NULL && strncmp(text, via + 5, strcspn(text, ":")) != 0)
		snprintf(place, sizeof place, "%.*s (%s)", (int)strcspn(text, " "), text, via + 5);
	else
		snprintf(place, sizeof place, "%.*s", (int)strcspn(text, " "), text);
	text_clean_line(place, session->place, sizeof session->place);
}

/* Where it connects to, which DNS may have said, and why that fails: nothing else tells. */
static void debug_read(struct session *session, const char *text)
{
	const char *place = past(text, "sock_connect() to "); /* 0.12 */
	const char *error = past(text, "connection failed, error ");
	struct reason ignored;
	int64_t number;

	if (place == NULL)
		place = past(text, "Connecting to "); /* 0.14 */
	if (place != NULL)
		place_take(session, place);
	if (error != NULL && number_parse(error, 1, INT_MAX, &number, &ignored))
		session->fault = (int)number;
}

/* At level debug libstrophe writes down whole stanzas, the log-in's included: these go nowhere. */
static void on_log(void *user, xmpp_log_level_t level, const char *area, const char *text)
{
	struct session *session = user;
	char line[1000];

	if (level == XMPP_LEVEL_DEBUG) {
		debug_read(session, text);
		return;
	}
	log_debug("libstrophe: %s: %s", area,
		text_of_peer(text, session->secrets, line, sizeof line));
	if (level == XMPP_LEVEL_ERROR)
		text_of_peer(text, session->secrets, session->message_types,
			sizeof session->message_types);
}

/* RFC 6120, 4.9.3, for what a watcher may meet. */
static const char *stream_fault(xmpp_error_type_t type)
{
	switch (type) {
	case XMPP_SE_CONFLICT:
		return "the server ended the stream: this account has logged in elsewhere with the "
		       "same resource";
	case XMPP_SE_SYSTEM_SHUTDOWN:
		return "the server shuts down";
	case XMPP_SE_HOST_UNKNOWN:
		return "the server does not serve the domain of jabberid";
	case XMPP_SE_POLICY_VIOLATION:
		return "the server ended the stream: we broke its policy";
	case XMPP_SE_RESOURCE_CONSTRAINT:
		return "the server ended the stream: it lacks resources";
	case XMPP_SE_INVALID_XML:
	case XMPP_SE_XML_NOT_WELL_FORMED:
	case XMPP_SE_BAD_FORMAT:
		return "broken XML in the stream";
	default:
		return "the server ended the stream with an error";
	}
}

/* Whether TCP has connected: libstrophe's own view of it differs from version to version. */
static bool socket_is_connected(void)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof peer;

	return session_socket >= 0 &&
	       getpeername(session_socket, (struct sockaddr *)&peer, &length) == 0;
}

static void session_end(struct session *session, const char *why)
{
	if (session->over)
		return;
	session->over = true;
	snprintf(session->why, sizeof session->why, "%s", why);
}

/* Until libstrophe says where it connects to. */
static void place_guess(struct session *session)
{
	const struct config *config = session->config;
	const char *domain = strchr(config->jabberid, '@') + 1;

	if (config->server != NULL)
		snprintf(session->place, sizeof session->place, "%.200s:%d", config->server,
			(int)config->port);
	else
		snprintf(session->place, sizeof session->place, "%.*s", (int)strcspn(domain, "/"),
			domain);
}

/* libstrophe hands on whatever errno it finds, EINPROGRESS and OpenSSL's numbers too: only what a
 * network can say is believed. 0: it is none of these. */
static int network_fault(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
	case ETIMEDOUT:
		return error;
	default:
		return 0;
	}
}

/* The connection is gone, and nobody has said why. */
static void closing_explain(const struct session *session, int error, char out[FAULT])
{
	int fault = session->fault != 0 ? session->fault : network_fault(error);

	if (session->online)
		snprintf(out, FAULT, "%s",
			network_fault(error) != 0 ? strerror(error)
						  : "the server closed the connection");
	else if (session->reached)
		snprintf(out, FAULT, "the server closed the connection before log-in");
	else
		snprintf(out, FAULT, "cannot connect to %.200s%s%s", session->place,
			fault != 0 ? ": " : "", fault != 0 ? strerror(fault) : "");
}

/* libstrophe says little about why it disconnected: the best of what is known. */
static void disconnection_explain(
	const struct session *session, int error, xmpp_stream_error_t *stream, char out[FAULT])
{
	char text[160] = "";

	if (stream != NULL && stream->text != NULL)
		text_of_peer(stream->text, session->secrets, text, sizeof text);
	if (certificate_fault[0] != '\0')
		snprintf(out, FAULT,
			"the server's certificate cannot be verified: %.200s (tls_ca_file "
			"names the authority)",
			certificate_fault);
	else if (stream != NULL)
		snprintf(out, FAULT, "%s%s%s", stream_fault(stream->type),
			text[0] != '\0' ? ": " : "", text);
	else if (strstr(session->message_types, "authenticate") != NULL)
		snprintf(out, FAULT,
			"the server refuses the log-in of %.200s: is the password right?",
			session->config->jabberid);
	else if (session->message_types[0] != '\0' && !session->online)
		snprintf(out, FAULT, "libstrophe: %.250s", session->message_types);
	else
		closing_explain(session, error, out);
}

static void on_event(xmpp_conn_t *connection, xmpp_conn_event_t event, int error,
	xmpp_stream_error_t *stream, void *user)
{
	struct session *session = user;
	char why[FAULT];

	if (connection != session->connection)
		return; /* one that was given up */
	if (event == XMPP_CONN_CONNECT) {
		session->online = true;
	} else if (event != XMPP_CONN_RAW_CONNECT) {
		session_socket = -1;
		disconnection_explain(session, error, stream, why);
		session->failed = !session->reached;
		if (session->failed)
			snprintf(session->why, sizeof session->why, "%s", why);
		else
			session_end(session, why);
	}
}

static void connection_configure(xmpp_conn_t *connection, const struct config *config)
{
	/* stream management re-sends old room messages in 0.12 */
	unsigned long flags = XMPP_CONN_FLAG_DISABLE_SM;

	flags |= config->tls ? XMPP_CONN_FLAG_MANDATORY_TLS : XMPP_CONN_FLAG_DISABLE_TLS;
	xmpp_conn_set_flags(connection, (long)flags);
	xmpp_conn_set_jid(connection, config->jabberid);
	xmpp_conn_set_pass(connection, config->password);
	if (config->tls_ca_file != NULL)
		xmpp_conn_set_cafile(connection, config->tls_ca_file);
	xmpp_conn_set_certfail_handler(connection, on_certificate);
	xmpp_conn_set_sockopt_callback(connection, on_socket);
}

/* One that has been connected, though it led nowhere, cannot be used again. */
static void connection_renew(struct session *session)
{
	xmpp_conn_t *old = session->connection;

	session->connection = xmpp_conn_new(session->context);
	connection_configure(session->connection, session->config);
	if (old != NULL)
		xmpp_conn_release(old);
	session_socket = -1;
}

/* False: there is no address that can be tried. */
static bool connection_try(struct session *session)
{
	connection_renew(session);
	addresses = 0;
	return xmpp_connect_client(session->connection, session->config->server,
		       (unsigned short)session->config->port, on_event, session) == XMPP_EOK;
}

/* Begins with the address whose turn it is: how many there are is known once all were skipped. */
static void session_connect(struct session *session, int64_t attempt)
{
	addresses_skipped = attempt < INT_MAX ? (int)attempt : 0;
	if (connection_try(session))
		return;
	if (addresses > 0 && addresses <= addresses_skipped) {
		addresses_skipped %= addresses;
		if (connection_try(session))
			return;
	}
	char why[FAULT];
	snprintf(why, sizeof why, "cannot connect to %.200s%s", session->place,
		addresses > 0 ? "" : ": does its name exist?");
	session_end(session, why);
}

bool session_wants_next(const struct session *session)
{
	return session->failed && !session->over;
}

void session_next(struct session *session, nsec now)
{
	session->failed = session->reached = false;
	session->fault = 0;
	session->give_up = now + session->limit;
	addresses_skipped++;
	if (!connection_try(session))
		session->over = true; /* why is what the last address said */
}

struct session *session_open(const struct config *config, int64_t attempt, nsec now, nsec limit)
{
	struct session *session = memory_zeroed(1, sizeof *session);

	session->config = config;
	session->secrets[0] = config->password;
	session->secrets[1] = config->room_password;
	session->log = (xmpp_log_t){on_log, session};
	session->limit = limit;
	session->give_up = now + limit;
	place_guess(session);
	xmpp_initialize();
	heap_begin(&session->heap);
	session->context = xmpp_ctx_new(&session->heap.memory, &session->log);
	session_connect(session, attempt);
	return session;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	xmpp_conn_release(session->connection);
	xmpp_ctx_free(session->context);
	xmpp_shutdown();
	free(session);
}

struct pollfd session_poll(const struct session *session)
{
	/* from libstrophe 0.14 on it is still connecting when TCP is connected, and always writable
	 */
	bool sending = (!session->reached && xmpp_conn_is_connecting(session->connection)) ||
		       xmpp_conn_send_queue_len(session->connection) > 0;

	return (struct pollfd){.fd = session->over ? -1 : session_socket,
		.events = sending ? POLLIN | POLLOUT : POLLIN};
}

/* There may be another address that does better. */
static void login_limit_check(struct session *session, nsec now)
{
	char span[DURATION_TEXT];

	if (session->online || session->over || session->failed || now < session->give_up)
		return;
	session->failed = true;
	duration_text(session->limit, span);
	if (session->reached)
		snprintf(session->why, sizeof session->why,
			"the server did not let us log in within %s", span);
	else
		snprintf(session->why, sizeof session->why, "no connection to %.200s within %s",
			session->place, span);
}

void session_run(struct session *session, nsec now)
{
	for (int i = 0; i < RUNS && !session->over && !session->failed; i++) {
		session->reached |= socket_is_connected();
		xmpp_run_once(session->context, 0);
		if (heap_is_exceeded(&session->heap))
			session_end(session,
				"the server sends more than " HEAP_LIMIT_TEXT " in one piece");
	}
	login_limit_check(session, now);
}

bool session_online(const struct session *session)
{
	return session->online && !session->over;
}

xmpp_conn_t *session_connection(const struct session *session)
{
	return session->connection;
}

const char *const *session_secrets(const struct session *session)
{
	return session->secrets;
}

const char *session_why_over(const struct session *session)
{
	return session->over ? session->why : NULL;
}

void session_close(struct session *session)
{
	if (session_online(session))
		xmpp_disconnect(session->connection);
	else
		session_end(session, "we gave up connecting");
}
