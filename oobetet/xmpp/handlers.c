/* SPDX-License-Identifier: MIT */
#include "oobetet/xmpp/handlers.h"

#include "common/log.h"
#include "oobetet/text.h"
#include "oobetet/xmpp/stanza.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WHY 300 /* bytes of a reason */
#define PING_ID "ping-"
#define FEATURES_ID "features-"

/* Where a stanza comes from. */
struct origin {
	struct room *room; /* NULL: none of ours */
	int index;         /* of the room */
	const char *nick;  /* the part behind the slash; NULL: the room itself */
};

static struct origin origin_of(const struct xmpp *xmpp, xmpp_stanza_t *stanza)
{
	const char *from = xmpp_stanza_get_from(stanza);
	struct origin origin = {NULL, 0, NULL};

	if (from == NULL)
		return origin;
	size_t bare = strcspn(from, "/");
	for (int i = 0; i < xmpp->room_count; i++) {
		const char *name = room_name(xmpp->rooms[i]);

		if (strlen(name) == bare && strncasecmp(name, from, bare) == 0) {
			origin.room = xmpp->rooms[i];
			origin.index = i;
		}
	}
	if (from[bare] == '/')
		origin.nick = from + bare + 1;
	return origin;
}

/* Anybody in the room can send us an error through it; then it comes from a nick. */
static bool is_of_the_room_itself(const struct origin *from)
{
	return from->nick == NULL;
}

/* What was sent to our own address in the room is answered from there, by the room. */
static bool is_of_our_nick(const struct origin *from)
{
	return from->nick != NULL && strcmp(from->nick, room_nick(from->room)) == 0;
}

static bool type_is(xmpp_stanza_t *stanza, const char *type)
{
	const char *its = xmpp_stanza_get_type(stanza);

	return its != NULL && strcmp(its, type) == 0;
}

static bool id_begins(const char *id, const char *start)
{
	return id != NULL && strncmp(id, start, strlen(start)) == 0;
}

/* ---- messages ---- */

/* `word` is heard or recalled, `stamp` what it wants. */
static void words_tell(struct xmpp *xmpp, enum message_type type, nsec stamp,
	const struct origin *from, xmpp_stanza_t *message)
{
	char stamp_text[MESSAGE_NUMBER], *text = stanza_body(message);

	if (text == NULL)
		return;
	text[text_boundary(text, IPC_TEXT)] = '\0';
	ipc_say(xmpp->ipc, type,
		FIELDS(message_number_text(stamp, stamp_text), room_name(from->room), from->nick,
			text));
	xmpp_free(xmpp_conn_get_context(session_connection(xmpp->session)), text);
}

/* What we have said comes back, which is its receipt. */
static void own_words_take(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *message)
{
	const char *id = xmpp_stanza_get_id(message);
	struct receipts *receipts = room_receipts(from->room);

	if (id_begins(id, IPC_ID)) {
		receipts_take_id(receipts, id);
		ipc_say(xmpp->ipc, MESSAGE_DONE, FIELDS(id));
		return;
	}
	char *text = room_features(from->room).stable_ids ? NULL : stanza_body(message);
	if (text == NULL)
		return;
	char *of = receipts_take_text(receipts, text);
	if (of != NULL)
		ipc_say(xmpp->ipc, MESSAGE_DONE, FIELDS(of));
	free(of);
	xmpp_free(xmpp_conn_get_context(session_connection(xmpp->session)), text);
}

/* Somebody's words in the room; our own come back as well. */
static void groupchat_take(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *message)
{
	nsec stamp;
	enum stanza_time time = stanza_time(
		message, room_name(from->room), room_history_is_over(from->room), &stamp);

	if (is_of_our_nick(from)) {
		if (time == STANZA_LIVE)
			own_words_take(xmpp, from, message);
		return;
	}
	if (id_begins(xmpp_stanza_get_id(message), IPC_ID))
		return;
	if (time == STANZA_LIVE)
		words_tell(xmpp, MESSAGE_HEARD, clock_monotonic(), from, message);
	/* asked for or not: only one who has been in before can have missed something */
	if (time == STANZA_RECALLED && room_history(from->room, clock_monotonic()) > 0)
		words_tell(xmpp, MESSAGE_RECALLED, stamp, from, message);
}

void handlers_tell_left(struct xmpp *xmpp, const struct room *room, const char *why)
{
	ipc_say(xmpp->ipc, MESSAGE_LEFT, FIELDS(room_name(room), why));
}

static void room_is_lost(struct xmpp *xmpp, struct room *room, const char *why)
{
	if (room_left(room, clock_monotonic()))
		handlers_tell_left(xmpp, room, why);
}

/* What we said came back as an error: XEP-0045, 7.4. */
static void saying_failed(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *message)
{
	const char *id = xmpp_stanza_get_id(message);
	char why[WHY];

	stanza_fault(message, session_secrets(xmpp->session), why, sizeof why);
	if (id_begins(id, IPC_ID))
		ipc_say(xmpp->ipc, MESSAGE_FAILED, FIELDS(id, why));
	if (strcmp(stanza_condition(message), "not-acceptable") == 0)
		room_is_lost(xmpp, from->room, "the room does not know us");
}

static int on_message(xmpp_conn_t *connection, xmpp_stanza_t *message, void *user)
{
	struct xmpp *xmpp = user;
	struct origin from = origin_of(xmpp, message);

	(void)connection;
	xmpp->heard = clock_monotonic();
	if (from.room == NULL)
		return 1;
	if (type_is(message, "error") && is_of_the_room_itself(&from))
		saying_failed(xmpp, &from, message);
	else if (!type_is(message, "groupchat") || !room_is_in(from.room))
		return 1;
	else if (stanza_is_subject(message))
		room_history_ends(from.room);
	else if (from.nick != NULL)
		groupchat_take(xmpp, &from, message);
	return 1;
}

/* ---- presence ---- */

static char *join_fault(const struct xmpp *xmpp, xmpp_stanza_t *presence, char out[WHY])
{
	stanza_fault(presence, session_secrets(xmpp->session), out, WHY);
	size_t used = strlen(out);
	if (strcmp(stanza_condition(presence), "not-authorized") == 0)
		snprintf(out + used, WHY - used, ": is room_password right?");
	return out;
}

static void joining_failed(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	char why[WHY];

	if (!is_of_the_room_itself(from) && !is_of_our_nick(from))
		return;
	/* only of asking for another nick: we stay who we are */
	if (room_is_in(from->room))
		return;
	if (strcmp(stanza_condition(presence), "conflict") != 0) {
		room_is_lost(xmpp, from->room, join_fault(xmpp, presence, why));
		return;
	}
	handlers_tell_left(xmpp, from->room, "our nick is taken: trying another");
	room_nick_taken(from->room, clock_monotonic());
}

static void renamed(const struct origin *from, const char *nick)
{
	room_renamed(from->room, nick);
	log_info("our nick in the room %s is %s now", room_name(from->room), nick);
}

/* Somebody has gone from the room, or from this nick. */
static void other_left(struct xmpp *xmpp, const struct origin *from)
{
	if (from->nick != NULL && room_nick_is_free(from->room, from->nick))
		stanza_rename(session_connection(xmpp->session), room_name(from->room), from->nick);
}

/* Not there any more, at least not under this nick. */
static void own_absence_take(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	const char *nick = stanza_new_nick(presence);
	char why[WHY];

	if (nick != NULL)
		renamed(from, nick);
	else
		room_is_lost(xmpp, from->room,
			stanza_why_out(presence, session_secrets(xmpp->session), why, sizeof why));
}

void handlers_ask_features(struct xmpp *xmpp, int room)
{
	char id[40];

	snprintf(id, sizeof id, FEATURES_ID "%d", room);
	stanza_ask_features(session_connection(xmpp->session), room_name(xmpp->rooms[room]), id);
}

static void own_presence_take(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	if (stanza_has_status(presence, MUC_CREATED)) {
		stanza_unlock(session_connection(xmpp->session), room_name(from->room));
		ipc_say(xmpp->ipc, MESSAGE_CREATED, FIELDS(room_name(from->room)));
	}
	if (!room_entered(from->room, from->nick, clock_monotonic()))
		return;
	/* once more: it may not have been there before, or does not tell everybody */
	handlers_ask_features(xmpp, from->index);
	ipc_say(xmpp->ipc, MESSAGE_JOINED, FIELDS(room_name(from->room), from->nick));
}

static const char *shown(const char *mark)
{
	return mark != NULL ? mark : "";
}

/* Only of those whose words count. An id that a room does not vouch for may be forged. */
static void other_presence_take(
	struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *presence)
{
	struct occupant occupant = stanza_occupant(presence);
	const char *id = room_features(from->room).occupant_ids ? occupant.id : NULL;

	if (list_has(&xmpp->config->watched_nick, from->nick, strlen(from->nick)))
		ipc_say(xmpp->ipc, MESSAGE_OCCUPANT,
			FIELDS(room_name(from->room), from->nick, shown(occupant.jid),
				shown(occupant.affiliation), shown(id)));
}

static int on_presence(xmpp_conn_t *connection, xmpp_stanza_t *presence, void *user)
{
	struct xmpp *xmpp = user;
	struct origin from = origin_of(xmpp, presence);

	(void)connection;
	xmpp->heard = clock_monotonic();
	if (from.room == NULL)
		return 1;
	if (type_is(presence, "error")) {
		joining_failed(xmpp, &from, presence);
		return 1;
	}
	/* a room that is destroyed may not say which of its occupants we are */
	bool own = stanza_has_status(presence, MUC_SELF) || is_of_our_nick(&from);
	if (type_is(presence, "unavailable") && own)
		own_absence_take(xmpp, &from, presence);
	else if (type_is(presence, "unavailable"))
		other_left(xmpp, &from);
	else if (own && from.nick != NULL && xmpp_stanza_get_type(presence) == NULL)
		own_presence_take(xmpp, &from, presence);
	else if (from.nick != NULL && xmpp_stanza_get_type(presence) == NULL)
		other_presence_take(xmpp, &from, presence);
	return 1;
}

/* ---- queries ---- */

/* XEP-0410, 3.3: which errors prove that we are in the room as well as a result would. */
static bool ping_proves_presence(xmpp_stanza_t *iq)
{
	const char *condition = stanza_condition(iq);

	return type_is(iq, "result") || strcmp(condition, "service-unavailable") == 0 ||
	       strcmp(condition, "feature-not-implemented") == 0;
}

static void pong_take(struct xmpp *xmpp, const struct origin *from, xmpp_stanza_t *iq)
{
	static const char *const undecided[] = {"remote-server-not-found", "remote-server-timeout"};
	char why[WHY], expected[40];
	const char *id = xmpp_stanza_get_id(iq);
	unsigned number = room_ping_number(from->room);

	snprintf(expected, sizeof expected, PING_ID "%d-%u", from->index, number);
	if (!is_of_our_nick(from) || id == NULL || strcmp(id, expected) != 0)
		return;
	if (ping_proves_presence(iq)) {
		room_ponged(from->room, number);
		return;
	}
	for (size_t i = 0; i < sizeof undecided / sizeof undecided[0]; i++)
		if (strcmp(stanza_condition(iq), undecided[i]) == 0)
			return;
	room_is_lost(xmpp, from->room,
		stanza_fault(iq, session_secrets(xmpp->session), why, sizeof why));
}

/* An error says no more than no answer. */
static void features_take(const struct origin *from, xmpp_stanza_t *iq)
{
	char expected[40];
	const char *id = xmpp_stanza_get_id(iq);

	snprintf(expected, sizeof expected, FEATURES_ID "%d", from->index);
	if (!is_of_the_room_itself(from) || id == NULL || strcmp(id, expected) != 0 ||
		!type_is(iq, "result"))
		return;
	const struct room_features features = {.stable_ids = stanza_has_feature(iq, NS_STABLE_ID),
		.occupant_ids = stanza_has_feature(iq, NS_OCCUPANT_ID)};
	room_set_features(from->room, features);
}

static int on_iq(xmpp_conn_t *connection, xmpp_stanza_t *iq, void *user)
{
	struct xmpp *xmpp = user;
	struct origin from = origin_of(xmpp, iq);

	xmpp->heard = clock_monotonic();
	if (type_is(iq, "result") || type_is(iq, "error")) {
		if (from.room == NULL)
			return 1;
		pong_take(xmpp, &from, iq);
		features_take(&from, iq);
	} else if (type_is(iq, "get") && xmpp_stanza_get_child_by_ns(iq, NS_PING) != NULL) {
		stanza_answer(connection, iq);
	} else {
		stanza_answer_error(connection, iq, "service-unavailable");
	}
	return 1;
}

void handlers_start(struct xmpp *xmpp)
{
	xmpp_conn_t *connection = session_connection(xmpp->session);

	xmpp->heard = clock_monotonic();
	xmpp_handler_add(connection, on_message, NULL, "message", NULL, xmpp);
	xmpp_handler_add(connection, on_presence, NULL, "presence", NULL, xmpp);
	xmpp_handler_add(connection, on_iq, NULL, "iq", NULL, xmpp);
}
