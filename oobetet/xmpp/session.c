/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/xmpp.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "common/secret.h"
#include "common/utf8_clean.h"
#include "oobetet/xmpp/stanza.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * A TLS record holds 16 KiB, a run of libstrophe reads 4 KiB: this many runs read a whole record.
 * poll(2) does not report its rest once its beginning has been read.
 */
#define RUNS 5

/*
 * What libstrophe and expat may allocate: a server may send a stanza, a tag or a name without end.
 * Login and normal stanzas need a fraction; libstrophe frees even the deepest nesting within this
 * by recursion without exhausting the stack.
 */
#define HEAP_MAX (4 << 20) /* bytes */
#define HEAP_MAX_TEXT "4 MB"

/* libstrophe's callbacks for sockets and certificates have no user pointer. */
static int session_socket = -1;
static int addresses;         /* that libstrophe has tried since it began to connect */
static int addresses_skipped; /* the first ones, which have failed, perhaps in an earlier process */
static char certificate_fault[SESSION_FAULT];

/* ---- memory ---- */

static void *on_realloc(void *block, size_t size, void *user)
{
	struct session *session = user;

	session->heap -= malloc_usable_size(block);
	block = memory_resized(block, size);
	session->heap += malloc_usable_size(block);
	return block;
}

static void *on_alloc(size_t size, void *user)
{
	return on_realloc(NULL, size, user);
}

static void on_free(void *block, void *user)
{
	struct session *session = user;

	session->heap -= malloc_usable_size(block);
	free(block);
}

/* ---- libstrophe's callbacks ---- */

/* Called for one address after the other until it returns 0: then that one is tried. */
static int on_socket(xmpp_conn_t *connection, void *socket)
{
	if (++addresses <= addresses_skipped) {
		errno = ECANCELED; /* libstrophe 0.14 takes an old EINPROGRESS as connected */
		return -1;
	}
	session_socket = *(int *)socket;
	return xmpp_sockopt_cb_keepalive(connection, socket);
}

/* Called for a certificate that cannot be verified; 0 rejects it. */
static int on_certificate(const xmpp_tlscert_t *certificate, const char *const fault)
{
	(void)certificate;
	utf8_clean_line(fault, certificate_fault, sizeof certificate_fault);
	return 0;
}

/* The text after `start`; NULL: it begins otherwise. */
static const char *text_after(const char *text, const char *start)
{
	size_t length = strlen(start);

	return strncmp(text, start, length) == 0 ? text + length : NULL;
}

/* From `HOST:PORT ...`; 0.14 adds `via ADDRESS`. */
static void peer_set(struct session *session, const char *text)
{
	char peer[SESSION_FAULT];
	const char *via = strstr(text, " via ");

	if (via != NULL && strncmp(text, via + 5, strcspn(text, ":")) != 0)
		snprintf(peer, sizeof peer, "%.*s (%s)", (int)strcspn(text, " "), text, via + 5);
	else
		snprintf(peer, sizeof peer, "%.*s", (int)strcspn(text, " "), text);
	utf8_clean_line(peer, session->peer, sizeof session->peer);
}

/* Only the debug messages say to which address libstrophe connects, and why that fails. */
static void debug_read(struct session *session, const char *text)
{
	const char *peer = text_after(text, "sock_connect() to "); /* 0.12 */
	const char *error = text_after(text, "connection failed, error ");
	struct reason ignored;
	int64_t number;

	if (peer == NULL)
		peer = text_after(text, "Connecting to "); /* 0.14 */
	if (peer != NULL)
		peer_set(session, peer);
	if (error != NULL && number_parse(error, 1, INT_MAX, &number, &ignored))
		session->fault = (int)number;
}

/* Debug messages contain whole stanzas, the login included: they are not logged. */
static void on_log(void *user, xmpp_log_level_t level, const char *area, const char *text)
{
	struct session *session = user;
	char line[1000];

	if (level == XMPP_LEVEL_DEBUG) {
		debug_read(session, text);
		return;
	}
	log_debug("libstrophe: %s: %s", area,
		secret_clean_line(text, session->secrets, line, sizeof line));
	if (level == XMPP_LEVEL_ERROR)
		secret_clean_line(
			text, session->secrets, session->error_text, sizeof session->error_text);
}

/* RFC 6120, 4.9.3; NULL: its condition says as much. */
static const char *stream_fault(xmpp_error_type_t type)
{
	static const struct {
		xmpp_error_type_t type;
		const char *fault;
	} faults[] = {
		{XMPP_SE_CONFLICT, "the server ended the stream: this account has logged in "
				   "elsewhere with the same resource"},
		{XMPP_SE_SYSTEM_SHUTDOWN, "the server shuts down"},
		{XMPP_SE_HOST_UNKNOWN, "the server does not serve the domain of jabberid"},
		{XMPP_SE_POLICY_VIOLATION, "the server ended the stream: we broke its policy"},
		{XMPP_SE_RESOURCE_CONSTRAINT, "the server ended the stream: it lacks resources"},
		{XMPP_SE_INVALID_XML, "broken XML in the stream"},
		{XMPP_SE_XML_NOT_WELL_FORMED, "broken XML in the stream"},
		{XMPP_SE_BAD_FORMAT, "broken XML in the stream"},
	};

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (faults[i].type == type)
			return faults[i].fault;
	return NULL;
}

/* Asks the kernel, since libstrophe's own view differs from version to version. */
static bool socket_is_connected(void)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof peer;

	return session_socket >= 0 &&
	       getpeername(session_socket, (struct sockaddr *)&peer, &length) == 0;
}

static void session_end(struct session *session, const char *why)
{
	if (session->state == SESSION_OVER)
		return;
	session->state = SESSION_OVER;
	snprintf(session->why, sizeof session->why, "%s", why);
}

/* Until libstrophe logs to which address it connects. */
static void peer_guess(struct session *session)
{
	const struct config *config = session->config;
	const char *domain = strchr(config->jabberid, '@') + 1;

	if (config->server != NULL)
		snprintf(session->peer, sizeof session->peer, "%.200s:%d", config->server,
			(int)config->port);
	else
		snprintf(session->peer, sizeof session->peer, "%.*s", (int)strcspn(domain, "/"),
			domain);
}

/* libstrophe reports any errno, EINPROGRESS and OpenSSL's numbers too; 0: not a network error. */
static int network_fault(int error)
{
	static const int faults[] = {ECONNREFUSED, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ETIMEDOUT};

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (faults[i] == error)
			return error;
	return 0;
}

/* The connection is gone without an explanation. */
static void closing_explain(const struct session *session, int error, char out[SESSION_FAULT])
{
	int fault = session->fault != 0 ? session->fault : network_fault(error);

	if (session->state == SESSION_ONLINE)
		snprintf(out, SESSION_FAULT, "%s",
			network_fault(error) != 0 ? strerror(error)
						  : "the server closed the connection");
	else if (session->reached)
		snprintf(out, SESSION_FAULT, "the server closed the connection before login");
	else
		snprintf(out, SESSION_FAULT, "cannot connect to %.200s%s%s", session->peer,
			fault != 0 ? ": " : "", fault != 0 ? strerror(fault) : "");
}

/* Chooses the most specific of the known reasons. */
static void disconnection_explain(const struct session *session, int error,
	xmpp_stream_error_t *stream, char out[SESSION_FAULT])
{
	char text[160] = "", condition[SESSION_FAULT / 2] = "";
	const char *fault = stream != NULL ? stream_fault(stream->type) : NULL;

	if (stream != NULL && fault == NULL)
		stanza_stream_fault(stream->stanza, session->secrets, condition, sizeof condition);
	if (stream != NULL && stream->text != NULL)
		secret_clean_line(stream->text, session->secrets, text, sizeof text);
	if (certificate_fault[0] != '\0')
		snprintf(out, SESSION_FAULT,
			"the server's certificate cannot be verified: %.200s (tls_ca_file "
			"names the authority)",
			certificate_fault);
	else if (stream != NULL)
		snprintf(out, SESSION_FAULT, "%s%s%s%s",
			fault != NULL ? fault : "the server ended the stream: ", condition,
			text[0] != '\0' ? ": " : "", text);
	else if (strstr(session->error_text, "authenticate") != NULL)
		snprintf(out, SESSION_FAULT,
			"the server rejects the login of %.200s: is the password right?",
			session->config->jabberid);
	else if (session->error_text[0] != '\0' && session->state != SESSION_ONLINE)
		snprintf(out, SESSION_FAULT, "libstrophe: %.250s", session->error_text);
	else
		closing_explain(session, error, out);
}

static void on_event(xmpp_conn_t *connection, xmpp_conn_event_t event, int error,
	xmpp_stream_error_t *stream, void *user)
{
	struct session *session = user;
	char why[SESSION_FAULT];

	if (connection != session->connection || session->state == SESSION_OVER)
		return; /* an earlier one, or its end is known */
	if (event == XMPP_CONN_CONNECT) {
		session->state = SESSION_ONLINE;
	} else if (event != XMPP_CONN_RAW_CONNECT) {
		session_socket = -1;
		disconnection_explain(session, error, stream, why);
		session_end(session, why);
		if (!session->reached)
			session->state = SESSION_FAILED;
	}
}

/* With a new connection, since libstrophe cannot use one twice. False: no address to try. */
static bool connection_try(struct session *session)
{
	const struct config *config = session->config;
	xmpp_conn_t *old = session->connection, *new = xmpp_conn_new(session->context);
	/* stream management re-sends old room messages in 0.12 */
	unsigned long flags = XMPP_CONN_FLAG_DISABLE_SM;

	session->connection = new;
	if (old != NULL)
		xmpp_conn_release(old);
	session_socket = -1;
	addresses = 0;
	flags |= config->tls ? XMPP_CONN_FLAG_MANDATORY_TLS : XMPP_CONN_FLAG_DISABLE_TLS;
	xmpp_conn_set_flags(new, (long)flags);
	xmpp_conn_set_jid(new, config->jabberid);
	xmpp_conn_set_pass(new, config->password);
	if (config->tls_ca_file != NULL)
		xmpp_conn_set_cafile(new, config->tls_ca_file);
	xmpp_conn_set_certfail_handler(new, on_certificate);
	xmpp_conn_set_sockopt_callback(new, on_socket);
	return xmpp_connect_client(new, config->server, (unsigned short)config->port, on_event,
		       session) == XMPP_EOK;
}

/* Begins with the next address. Their number is known once all were skipped. */
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
	char why[SESSION_FAULT];
	snprintf(why, sizeof why, "cannot connect to %.200s%s", session->peer,
		addresses > 0 ? "" : ": does its name exist?");
	session_end(session, why);
}

void session_next(struct session *session, nsec now)
{
	session->state = SESSION_CONNECTING;
	session->reached = false;
	session->fault = 0;
	session->give_up = now + session->limit;
	addresses_skipped++;
	if (!connection_try(session))
		session->state = SESSION_OVER; /* session->why is of the last address */
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
	peer_guess(session);
	xmpp_initialize();
	session->memory = (xmpp_mem_t){on_alloc, on_free, on_realloc, session};
	session->context = xmpp_ctx_new(&session->memory, &session->log);
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
	/* in libstrophe 0.14 it is still `connecting` with TCP connected, and always writable */
	bool sending = (!session->reached && xmpp_conn_is_connecting(session->connection)) ||
		       xmpp_conn_send_queue_len(session->connection) > 0;

	return (struct pollfd){.fd = session->state == SESSION_OVER ? -1 : session_socket,
		.events = sending ? POLLIN | POLLOUT : POLLIN};
}

/* Another address may work. */
static void login_limit_check(struct session *session, nsec now)
{
	char span[DURATION_TEXT];

	if (session->state != SESSION_CONNECTING || now < session->give_up)
		return;
	session->state = SESSION_FAILED;
	duration_text(session->limit, span);
	if (session->reached)
		snprintf(session->why, sizeof session->why,
			"the server did not let us log in within %s", span);
	else
		snprintf(session->why, sizeof session->why, "no connection to %.200s within %s",
			session->peer, span);
}

void session_run(struct session *session, nsec now)
{
	for (int i = 0;
		i < RUNS && session->state != SESSION_OVER && session->state != SESSION_FAILED;
		i++) {
		session->reached |= socket_is_connected();
		xmpp_run_once(session->context, 0);
		if (session->heap > HEAP_MAX)
			session_end(session,
				"the server sends more than " HEAP_MAX_TEXT " in one piece");
	}
	login_limit_check(session, now);
}

void session_close(struct session *session)
{
	if (session->state == SESSION_ONLINE)
		xmpp_disconnect(session->connection);
	else
		session_end(session, "stopped while connecting");
}
