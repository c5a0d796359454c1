/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/xmpp.h"

#include "common/log.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "oobetet/xmpp/stanza.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WHY 300  /* bytes of a reason */
#define NAME 200 /* bytes of a room's name in it */
#define FEATURES_ID "features-"
#define MARK_MAX 3071 /* bytes of a JID (RFC 7622), and more than any other mark has */

/* The sender of a stanza. */
struct origin {
	struct muc *room; /* NULL: none of ours */
	int index;        /* of the room */
	const char *nick; /* NULL: the room itself */
	bool own;         /* the nick is ours */
};

static struct origin origin_of(const struct xmpp *xmpp, xmpp_stanza_t *stanza)
{
	const char *from = xmpp_stanza_get_from(stanza);
	struct origin origin = {NULL, 0, NULL, false};

	if (from == NULL)
		return origin;
	size_t bare = strcspn(from, "/");
	if (from[bare] == '/')
		origin.nick = from + bare + 1;
	for (int i = 0; i < xmpp->room_count; i++) {
		struct muc *room = xmpp->rooms[i];

		if (strlen(room->name) != bare || strncasecmp(room->name, from, bare) != 0)
			continue;
		origin.room = room;
		origin.index = i;
		origin.own = origin.nick != NULL && strcmp(origin.nick, room->nick) == 0;
	}
	return origin;
}

static bool type_is(xmpp_stanza_t *stanza, const char *type)
{
	const char *its = xmpp_stanza_get_type(stanza);

	return its != NULL && strcmp(its, type) == 0;
}

static bool is_our_message_id(const char *id)
{
	return id != NULL && strncmp(id, IPC_ID, strlen(IPC_ID)) == 0;
}

static void text_free(const struct xmpp *xmpp, char *text)
{
	xmpp_free(xmpp_conn_get_context(xmpp->session->connection), text);
}

/* ---- messages ---- */

/* A longer one is none of a server that behaves. */
static const char *short_or_empty(const char *mark)
{
	return strlen(mark) <= MARK_MAX ? mark : "";
}

static void report_message(struct xmpp *xmpp, enum message_type type, nsec stamp,
	const struct origin *from, xmpp_stanza_t *message)
{
	char stamp_text[MESSAGE_NUMBER], *text = stanza_body(message);
	const char *id = from->room->occupant_ids ? stanza_occupant_id(message) : "";

	if (text == NULL)
		return;
	text[utf8_cut(text, IPC_TEXT)] = '\0';
	ipc_send(xmpp->ipc, type,
		FIELDS(message_number_text(stamp, stamp_text), from->room->name, from->nick, text,
			short_or_empty(id)));
	text_free(xmpp, text);
}

/* A message of ours that the room sends back is delivered. */
static void own_message(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *message)
{
	const char *id = xmpp_stanza_get_id(message);

	if (is_our_message_id(id)) {
		muc_back_by_id(from->room, id);
		ipc_send(xmpp->ipc, MESSAGE_DONE, FIELDS(id));
		return;
	}
	char *text = from->room->stable_ids ? NULL : stanza_body(message);
	if (text == NULL)
		return;
	char *of = muc_back_by_text(from->room, text);
	if (of != NULL)
		ipc_send(xmpp->ipc, MESSAGE_DONE, FIELDS(of));
	free(of);
	text_free(xmpp, text);
}

static void groupchat_message(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *message)
{
	nsec stamp;
	enum stanza_time time =
		stanza_time(message, from->room->name, from->room->history_over, &stamp);

	if (from->own) {
		if (time == STANZA_LIVE)
			own_message(xmpp, from, message);
		return;
	}
	if (is_our_message_id(xmpp_stanza_get_id(message)))
		return;
	if (time == STANZA_LIVE) {
		report_message(xmpp, MESSAGE_HEARD, clock_monotonic(), from, message);
		char *text = stanza_body(message);

		if (text != NULL && muc_asks_status(from->room, text))
			ipc_send(xmpp->ipc, MESSAGE_ASKED, FIELDS(from->room->name));
		if (text != NULL)
			text_free(xmpp, text);
	}
	/* some rooms send history unasked: without an earlier stay nothing was missed */
	if (time == STANZA_RECALLED && muc_history(from->room, clock_monotonic()) > 0)
		report_message(xmpp, MESSAGE_RECALLED, stamp, from, message);
}

void handlers_report_left(struct xmpp *xmpp, const struct muc *room, const char *why)
{
	ipc_send(xmpp->ipc, MESSAGE_LEFT, FIELDS(room->name, why));
}

static void room_lost(struct xmpp *xmpp, struct muc *room, const char *why)
{
	if (muc_left(room, clock_monotonic()))
		handlers_report_left(xmpp, room, why);
}

/* A message of ours comes back as an error (XEP-0045, 7.4). */
static void message_error(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *message)
{
	const char *id = xmpp_stanza_get_id(message);
	char why[WHY];

	stanza_fault(message, xmpp->session->secrets, why, sizeof why);
	if (is_our_message_id(id))
		ipc_send(xmpp->ipc, MESSAGE_FAILED, FIELDS(id, why));
	if (strcmp(stanza_condition(message), "not-acceptable") == 0)
		room_lost(xmpp, from->room, "the room does not know us");
}

static int on_message(xmpp_conn_t *connection, xmpp_stanza_t *message, void *user)
{
	struct xmpp *xmpp = user;
	struct origin from = origin_of(xmpp, message);

	(void)connection;
	xmpp->received = clock_monotonic();
	if (from.room == NULL)
		return 1;
	/* an error with a nick may come from any occupant */
	if (type_is(message, "error") && from.nick == NULL)
		message_error(xmpp, &from, message);
	else if (!type_is(message, "groupchat") || from.room->state != MUC_IN)
		return 1;
	else if (stanza_is_subject(message))
		from.room->history_over = true;
	else if (from.nick != NULL)
		groupchat_message(xmpp, &from, message);
	return 1;
}

void handlers_request_id(
	const struct xmpp *xmpp, const char *what, int room, char out[REQUEST_ID_SIZE])
{
	snprintf(out, REQUEST_ID_SIZE, "%s-%d-%u", what, room, xmpp->rooms[room]->number);
}

/* ---- presence ---- */

static void presence_error(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	const char *condition = stanza_condition(presence);
	const char *id = xmpp_stanza_get_id(presence);
	char why[WHY], expected[REQUEST_ID_SIZE];

	/* the server may write our nick otherwise than we do */
	handlers_request_id(xmpp, REQUEST_JOIN, from->index, expected);
	bool ours = from->nick == NULL || from->own || (id != NULL && strcmp(id, expected) == 0);
	/* one from another nick may be forged; once in, it refuses only a change of our nick */
	if (!ours || from->room->state == MUC_IN)
		return;
	if (strcmp(condition, "conflict") == 0) {
		handlers_report_left(xmpp, from->room, "our nick is taken: trying another");
		muc_nick_taken(from->room, clock_monotonic());
		return;
	}
	stanza_fault(presence, xmpp->session->secrets, why, sizeof why);
	size_t used = strlen(why);
	if (strcmp(condition, "not-authorized") == 0)
		snprintf(why + used, sizeof why - used, ": is room_password right?");
	room_lost(xmpp, from->room, why);
}

static void own_unavailable(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	const char *nick = stanza_new_nick(presence);
	char why[WHY];

	if (nick != NULL) {
		muc_renamed(from->room, nick);
		log_info("our nick in the room %s is %s now", from->room->name, nick);
		return;
	}
	stanza_why_out(presence, xmpp->session->secrets, why, sizeof why);
	room_lost(xmpp, from->room, why);
}

void handlers_ask_features(struct xmpp *xmpp, int room)
{
	char id[40];

	snprintf(id, sizeof id, FEATURES_ID "%d", room);
	stanza_ask_features(xmpp->session->connection, xmpp->rooms[room]->name, id);
}

static void own_available(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	if (stanza_has_status(presence, MUC_CREATED)) {
		stanza_unlock(xmpp->session->connection, from->room->name);
		ipc_send(xmpp->ipc, MESSAGE_CREATED, FIELDS(from->room->name));
	}
	if (!muc_entered(from->room, from->nick, clock_monotonic()))
		return;
	/* again: before we came in the room may not have existed, or may not have answered */
	handlers_ask_features(xmpp, from->index);
	ipc_send(xmpp->ipc, MESSAGE_JOINED, FIELDS(from->room->name, from->nick));
}

static bool nick_is_watched(const struct config *config, const char *nick)
{
	for (int i = 0; i < config->watch_count; i++)
		if (list_has(&config->watch[i]->watched_nick, nick, strlen(nick)))
			return true;
	return false;
}

/* True if a watch requires an occupant to be somebody: then all of them are reported. */
static bool identity_is_required(const struct config *config)
{
	for (int i = 0; i < config->watch_count; i++)
		if (config->watch[i]->watched_jid.count > 0 ||
			config->watch[i]->watched_affiliation > AFFILIATION_NONE)
			return true;
	return false;
}

/* Without the room's support anybody can forge an occupant-id. */
static void other_available(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	struct identity its = stanza_identity(presence);

	if (nick_is_watched(xmpp->config, from->nick) || identity_is_required(xmpp->config))
		ipc_send(xmpp->ipc, MESSAGE_OCCUPANT,
			FIELDS(from->room->name, from->nick, short_or_empty(its.jid),
				short_or_empty(its.affiliation),
				from->room->occupant_ids ? short_or_empty(its.id) : ""));
}

static void other_unavailable(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	/* the end of the room is no leaving of its own */
	if (nick_is_watched(xmpp->config, from->nick) && !stanza_is_destroyed(presence))
		ipc_send(xmpp->ipc, MESSAGE_VACATED, FIELDS(from->room->name, from->nick));
	if (identity_is_required(xmpp->config))
		ipc_send(xmpp->ipc, MESSAGE_DEPARTED, FIELDS(from->room->name, from->nick));
	if (muc_nick_is_free(from->room, from->nick))
		stanza_presence(xmpp->session->connection, from->room->name, from->nick, NULL);
}

/* True: this presence answers our request to join the room. */
static bool answers_join(const struct xmpp *xmpp, int room, const char *id, const char *name)
{
	const char *service = strchr(name, '@'), *its = strchr(xmpp->rooms[room]->name, '@');
	char expected[REQUEST_ID_SIZE];

	handlers_request_id(xmpp, REQUEST_JOIN, room, expected);
	return xmpp->rooms[room]->state == MUC_JOINING && strcmp(id, expected) == 0 &&
	       service != NULL && its != NULL && strcasecmp(service, its) == 0;
}

/* We are in a room that is none of ours: the server writes its name otherwise (`ss` for `ß`). */
static void other_name_report(struct xmpp *xmpp, xmpp_stanza_t *presence)
{
	const char *from = xmpp_stanza_get_from(presence), *id = xmpp_stanza_get_id(presence);
	char name[NAME], why[WHY];

	if (from == NULL || id == NULL)
		return;
	utf8_clean_copy(name, sizeof name, from, strcspn(from, "/"), UTF8_ONE_LINE);
	for (int i = 0; i < xmpp->room_count; i++) {
		struct muc *room = xmpp->rooms[i];

		if (!answers_join(xmpp, i, id, name))
			continue;
		stanza_presence(xmpp->session->connection, room->name, room->nick, "unavailable");
		snprintf(why, sizeof why, "the server calls it %s: write it so in rooms", name);
		room_lost(xmpp, room, why);
	}
}

static int on_presence(xmpp_conn_t *connection, xmpp_stanza_t *presence, void *user)
{
	struct xmpp *xmpp = user;
	struct origin from = origin_of(xmpp, presence);

	(void)connection;
	xmpp->received = clock_monotonic();
	if (from.room == NULL) {
		if (stanza_has_status(presence, MUC_SELF) && !type_is(presence, "unavailable"))
			other_name_report(xmpp, presence);
		return 1;
	}
	/* a destroyed room may omit the status code of our own presence */
	bool own = stanza_has_status(presence, MUC_SELF) || from.own;
	if (type_is(presence, "error"))
		presence_error(xmpp, &from, presence);
	else if (type_is(presence, "unavailable") && own)
		own_unavailable(xmpp, &from, presence);
	else if (from.nick == NULL)
		return 1;
	else if (type_is(presence, "unavailable"))
		other_unavailable(xmpp, &from, presence);
	else if (xmpp_stanza_get_type(presence) == NULL && own)
		own_available(xmpp, &from, presence);
	else if (xmpp_stanza_get_type(presence) == NULL)
		other_available(xmpp, &from, presence);
	return 1;
}

/* ---- queries ---- */

/* The answer to a ping of our own nick. */
static void pong(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *iq)
{
	/* XEP-0410, 3.3 */
	static const struct {
		const char *condition;
		bool in; /* true: we are in; false: it remains unknown */
	} conditions[] = {
		{"service-unavailable", true},
		{"feature-not-implemented", true},
		{"remote-server-not-found", false},
		{"remote-server-timeout", false},
	};
	char why[WHY], expected[REQUEST_ID_SIZE];
	const char *id = xmpp_stanza_get_id(iq), *condition = stanza_condition(iq);

	handlers_request_id(xmpp, REQUEST_PING, from->index, expected);
	if (!from->own || id == NULL || strcmp(id, expected) != 0)
		return;
	if (type_is(iq, "result")) {
		muc_ponged(from->room, from->room->number);
		return;
	}
	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
		if (strcmp(condition, conditions[i].condition) != 0)
			continue;
		if (conditions[i].in)
			muc_ponged(from->room, from->room->number);
		return;
	}
	stanza_fault(iq, xmpp->session->secrets, why, sizeof why);
	room_lost(xmpp, from->room, why);
}

/* The answer to handlers_ask_features(); an error means the same as none. */
static void features(const struct origin *from, xmpp_stanza_t *iq)
{
	char expected[40];
	const char *id = xmpp_stanza_get_id(iq);

	snprintf(expected, sizeof expected, FEATURES_ID "%d", from->index);
	if (from->nick != NULL || id == NULL || strcmp(id, expected) != 0 || !type_is(iq, "result"))
		return;
	from->room->stable_ids = stanza_has_feature(iq, NS_STABLE_ID);
	from->room->occupant_ids = stanza_has_feature(iq, NS_OCCUPANT_ID);
}

static int on_iq(xmpp_conn_t *connection, xmpp_stanza_t *iq, void *user)
{
	struct xmpp *xmpp = user;
	struct origin from = origin_of(xmpp, iq);

	xmpp->received = clock_monotonic();
	if (type_is(iq, "result") || type_is(iq, "error")) {
		if (from.room == NULL)
			return 1;
		pong(xmpp, &from, iq);
		features(&from, iq);
	} else if (type_is(iq, "get") && xmpp_stanza_get_child_by_ns(iq, NS_PING) != NULL) {
		stanza_answer(connection, iq);
	} else {
		stanza_answer_error(connection, iq, "service-unavailable");
	}
	return 1;
}

void handlers_start(struct xmpp *xmpp)
{
	xmpp_conn_t *connection = xmpp->session->connection;

	xmpp->received = clock_monotonic();
	xmpp_handler_add(connection, on_message, NULL, "message", NULL, xmpp);
	xmpp_handler_add(connection, on_presence, NULL, "presence", NULL, xmpp);
	xmpp_handler_add(connection, on_iq, NULL, "iq", NULL, xmpp);
}
