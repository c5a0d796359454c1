/* SPDX-License-Identifier: MIT */
#include "t/tools/muc.h"

#include "common/clocks.h"
#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

#define NS_MUC "http://jabber.org/protocol/muc"
#define NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define NS_DELAY "urn:xmpp:delay"
#define SAID_PREFIX "said-" /* of the ids of our messages */

static int muc_socket = -1; /* of the one muc; -1: none yet, or none any more */

struct muc {
	const struct muc_account *account;
	muc_handler *handler;
	void *user; /* the handler's */
	xmpp_ctx_t *context;
	xmpp_conn_t *connection;
	char *address;        /* room@service/nick: ours */
	unsigned said;        /* numbers our messages */
	unsigned unconfirmed; /* of those, neither reflected nor refused */
	bool inside;          /* in the room */
	bool out;             /* MUC_OUT was told */
};

static void muc_tell(struct muc *muc, enum muc_event event, const char *nick, const char *text)
{
	muc->handler(muc->user, event, nick, text);
}

static void nobody_listens(void *user, enum muc_event event, const char *nick, const char *text)
{
	(void)user;
	(void)event;
	(void)nick;
	(void)text;
}

static void muc_tell_out(struct muc *muc, const char *text)
{
	muc->inside = false;
	if (muc->out)
		return;
	muc->out = true;
	muc_tell(muc, MUC_OUT, "", text);
}

/* `room@service/nick`: what stands behind the slash, which is empty for the room itself. */
static const char *nick_of(xmpp_stanza_t *stanza)
{
	const char *from = xmpp_stanza_get_from(stanza);
	const char *slash = from == NULL ? NULL : strchr(from, '/');

	return slash == NULL ? "" : slash + 1;
}

/* The name of the condition in <error>: its first child (RFC 6120, 8.3.2). */
static const char *condition_of(xmpp_stanza_t *stanza)
{
	xmpp_stanza_t *error = xmpp_stanza_get_child_by_name(stanza, "error");
	xmpp_stanza_t *child = error == NULL ? NULL : xmpp_stanza_get_children(error);
	const char *name = child == NULL ? NULL : xmpp_stanza_get_name(child);

	return name == NULL ? "error without a condition" : name;
}

static bool has_status(xmpp_stanza_t *presence, const char *code)
{
	xmpp_stanza_t *x = xmpp_stanza_get_child_by_ns(presence, NS_MUC_USER);
	xmpp_stanza_t *child = x == NULL ? NULL : xmpp_stanza_get_children(x);

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		const char *name = xmpp_stanza_get_name(child);
		const char *its = xmpp_stanza_get_attribute(child, "code");

		if (name != NULL && strcmp(name, "status") == 0 && its != NULL &&
			strcmp(its, code) == 0)
			return true;
	}
	return false;
}

static const char *why_removed(xmpp_stanza_t *presence)
{
	static const struct {
		const char *code, *meaning;
	} causes[] = {{"301", "banned"}, {"307", "kicked"}, {"332", "the service shuts down"},
		{"333", "removed by the server"}};

	for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
		if (has_status(presence, causes[i].code))
			return causes[i].meaning;
	return "left";
}

static void own_presence(struct muc *muc, xmpp_stanza_t *presence, bool available)
{
	if (!available) {
		muc_tell_out(muc, why_removed(presence));
	} else if (!muc->inside) {
		muc->inside = true;
		muc_tell(muc, MUC_JOINED, nick_of(presence), "");
	}
}

static int on_presence(xmpp_conn_t *connection, xmpp_stanza_t *presence, void *user)
{
	struct muc *muc = user;
	const char *type = xmpp_stanza_get_type(presence);
	bool available = type == NULL;

	(void)connection;
	if (type != NULL && strcmp(type, "error") == 0)
		muc_tell_out(muc, condition_of(presence));
	else if (has_status(presence, "110"))
		own_presence(muc, presence, available);
	else
		muc_tell(muc, available ? MUC_ENTERED : MUC_LEFT, nick_of(presence), "");
	return 1;
}

/* Our own words have come back: the room's own address and one of our numbers are on them. */
static bool is_reflection(const struct muc *muc, xmpp_stanza_t *message)
{
	const char *from = xmpp_stanza_get_from(message);
	const char *id = xmpp_stanza_get_id(message);

	return from != NULL && strcmp(from, muc->address) == 0 && id != NULL &&
	       strncmp(id, SAID_PREFIX, sizeof SAID_PREFIX - 1) == 0;
}

static void message_heard(struct muc *muc, xmpp_stanza_t *message, const char *body)
{
	bool history = xmpp_stanza_get_child_by_ns(message, NS_DELAY) != NULL;

	if (!history && is_reflection(muc, message))
		muc->unconfirmed--;
	muc_tell(muc, history ? MUC_HISTORY : MUC_SAID, nick_of(message), body);
}

static int on_message(xmpp_conn_t *connection, xmpp_stanza_t *message, void *user)
{
	struct muc *muc = user;
	const char *type = xmpp_stanza_get_type(message);
	char *body = xmpp_message_get_body(message);

	(void)connection;
	if (type != NULL && strcmp(type, "error") == 0) {
		muc->unconfirmed--;
		muc_tell(muc, MUC_REFUSED, "", condition_of(message));
	} else if (type != NULL && strcmp(type, "groupchat") == 0 && body != NULL) {
		message_heard(muc, message, body);
	}
	xmpp_free(muc->context, body);
	return 1;
}

static void stanza_add(xmpp_stanza_t *parent, xmpp_stanza_t *child)
{
	xmpp_stanza_add_child_ex(parent, child, 0);
}

static void muc_join(struct muc *muc)
{
	xmpp_stanza_t *presence = xmpp_presence_new(muc->context);
	xmpp_stanza_t *x = xmpp_stanza_new(muc->context);

	xmpp_stanza_set_to(presence, muc->address);
	xmpp_stanza_set_name(x, "x");
	xmpp_stanza_set_ns(x, NS_MUC);
	stanza_add(presence, x);
	xmpp_send(muc->connection, presence);
	xmpp_stanza_release(presence);
}

static void on_connection(xmpp_conn_t *connection, xmpp_conn_event_t event, int error,
	xmpp_stream_error_t *stream_error, void *user)
{
	struct muc *muc = user;

	(void)error;
	if (event == XMPP_CONN_CONNECT) {
		xmpp_handler_add(connection, on_presence, NULL, "presence", NULL, muc);
		xmpp_handler_add(connection, on_message, NULL, "message", NULL, muc);
		muc_join(muc);
		return;
	}
	muc_socket = -1;
	muc_tell_out(muc, stream_error != NULL && stream_error->text != NULL
				  ? stream_error->text
				  : "the connection ended, was refused, or the password is wrong");
}

/* The library tells its socket to this callback alone, which knows nobody: hence one a process. */
static int on_socket(xmpp_conn_t *connection, void *socket)
{
	muc_socket = *(int *)socket;
	return xmpp_sockopt_cb_keepalive(connection, socket);
}

static void connection_configure(xmpp_conn_t *connection, const struct muc_account *account)
{
	unsigned long flags = XMPP_CONN_FLAG_DISABLE_SM;

	if (account->ca_file == NULL) {
		flags |= XMPP_CONN_FLAG_DISABLE_TLS;
	} else {
		flags |= XMPP_CONN_FLAG_MANDATORY_TLS;
		xmpp_conn_set_cafile(connection, account->ca_file);
	}
	xmpp_conn_set_flags(connection, (long)flags);
	xmpp_conn_set_jid(connection, account->jid);
	xmpp_conn_set_pass(connection, account->password);
	xmpp_conn_set_sockopt_callback(connection, on_socket);
}

struct muc *muc_open(
	const struct muc_account *account, muc_handler *handler, void *user, struct reason *why)
{
	struct muc *muc = memory_zeroed(1, sizeof *muc);

	xmpp_initialize();
	muc->account = account;
	muc->handler = handler;
	muc->user = user;
	muc->context = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_ERROR));
	muc->connection = xmpp_conn_new(muc->context);
	muc->address = memory_printed("%s/%s", account->room, account->nick);
	connection_configure(muc->connection, account);
	if (xmpp_connect_client(muc->connection, account->server.host, account->server.port,
		    on_connection, muc) != XMPP_EOK) {
		muc->out = true;
		muc_close(muc);
		reason_set(why, "cannot connect to %s", account->server.host);
		return NULL;
	}
	return muc;
}

struct pollfd muc_pollfd(const struct muc *muc)
{
	bool waiting = xmpp_conn_is_connecting(muc->connection) ||
		       xmpp_conn_send_queue_len(muc->connection) > 0;

	return (struct pollfd){
		.fd = muc->out ? -1 : muc_socket, .events = waiting ? POLLIN | POLLOUT : POLLIN};
}

void muc_run(struct muc *muc)
{
	xmpp_run_once(muc->context, 0);
}

/* XML has no place for control characters but these; a server would end the stream. */
static void control_characters_mask(char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' && *text != '\n' && *text != '\t') || *text == 0x7f)
			*text = '?';
}

void muc_say(struct muc *muc, const char *text)
{
	char id[32];
	char *clean = memory_copied(text);

	control_characters_mask(clean);
	snprintf(id, sizeof id, SAID_PREFIX "%u", ++muc->said);
	xmpp_stanza_t *message =
		xmpp_message_new(muc->context, "groupchat", muc->account->room, id);
	xmpp_message_set_body(message, clean);
	xmpp_send(muc->connection, message);
	xmpp_stanza_release(message);
	free(clean);
	muc->unconfirmed++;
}

unsigned muc_unconfirmed(const struct muc *muc)
{
	return muc->unconfirmed;
}

static void muc_leave(struct muc *muc)
{
	nsec limit = clock_monotonic() + NSEC_PER_SEC;
	xmpp_stanza_t *presence = xmpp_presence_new(muc->context);

	xmpp_stanza_set_to(presence, muc->address);
	xmpp_stanza_set_type(presence, "unavailable");
	xmpp_send(muc->connection, presence);
	xmpp_stanza_release(presence);
	muc->handler = nobody_listens;
	xmpp_disconnect(muc->connection);
	while (!xmpp_conn_is_disconnected(muc->connection) && clock_monotonic() < limit)
		xmpp_run_once(muc->context, 10);
}

void muc_close(struct muc *muc)
{
	if (muc->inside)
		muc_leave(muc);
	xmpp_conn_release(muc->connection);
	xmpp_ctx_free(muc->context);
	xmpp_shutdown();
	free(muc->address);
	free(muc);
}
