/* SPDX-License-Identifier: MIT */
#include "t/tools/muc.h"

#include "common/clocks.h"
#include "common/memory.h"
#include "t/tools/stanza.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

#define NS_MUC "http://jabber.org/protocol/muc"
#define SAID_PREFIX "said-" /* of the ids of our messages */

static int muc_socket = -1; /* of the only muc; -1: none */

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
	bool out;             /* MUC_OUT was reported */
};

static void muc_report(struct muc *muc, enum muc_event event, const char *nick, const char *text)
{
	muc->handler(muc->user, event, nick, text);
}

static void event_ignore(void *user, enum muc_event event, const char *nick, const char *text)
{
	(void)user;
	(void)event;
	(void)nick;
	(void)text;
}

static void muc_report_out(struct muc *muc, const char *text)
{
	muc->inside = false;
	if (muc->out)
		return;
	muc->out = true;
	muc_report(muc, MUC_OUT, "", text);
}

static void own_presence(struct muc *muc, xmpp_stanza_t *presence, bool available)
{
	if (!available) {
		muc_report_out(muc, stanza_removal(presence));
	} else if (!muc->inside) {
		muc->inside = true;
		muc_report(muc, MUC_JOINED, stanza_nick(presence), "");
	}
}

static int on_presence(xmpp_conn_t *connection, xmpp_stanza_t *presence, void *user)
{
	struct muc *muc = user;
	const char *type = xmpp_stanza_get_type(presence);
	bool available = type == NULL;

	(void)connection;
	if (type != NULL && strcmp(type, "error") == 0)
		muc_report_out(muc, stanza_condition(presence));
	else if (stanza_has_status(presence, "110"))
		own_presence(muc, presence, available);
	else
		muc_report(muc, available ? MUC_ENTERED : MUC_LEFT, stanza_nick(presence), "");
	return 1;
}

/* The room's copy of our message: from our address in the room, with one of our ids. */
static bool is_reflection(const struct muc *muc, xmpp_stanza_t *message)
{
	const char *from = xmpp_stanza_get_from(message);
	const char *id = xmpp_stanza_get_id(message);

	return from != NULL && strcmp(from, muc->address) == 0 && id != NULL &&
	       strncmp(id, SAID_PREFIX, sizeof SAID_PREFIX - 1) == 0;
}

static void message_report(struct muc *muc, xmpp_stanza_t *message, const char *body)
{
	bool history = stanza_is_delayed(message);

	if (!history && is_reflection(muc, message))
		muc->unconfirmed--;
	muc_report(muc, history ? MUC_HISTORY : MUC_SAID, stanza_nick(message), body);
}

static int on_message(xmpp_conn_t *connection, xmpp_stanza_t *message, void *user)
{
	struct muc *muc = user;
	const char *type = xmpp_stanza_get_type(message);
	char *body = xmpp_message_get_body(message);

	(void)connection;
	if (type != NULL && strcmp(type, "error") == 0) {
		muc->unconfirmed--;
		muc_report(muc, MUC_REFUSED, "", stanza_condition(message));
	} else if (type != NULL && strcmp(type, "groupchat") == 0 && body != NULL) {
		message_report(muc, message, body);
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
	muc_report_out(
		muc, stream_error != NULL && stream_error->text != NULL
			     ? stream_error->text
			     : "the connection ended, was refused, or the password is wrong");
}

/* The library passes its socket only to this callback, without a context: one muc a process. */
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

/* XML allows no other control characters; a server would end the stream. */
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

void muc_send(struct muc *muc, const char *xml)
{
	xmpp_send_raw(muc->connection, xml, strlen(xml));
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
	muc->handler = event_ignore;
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
