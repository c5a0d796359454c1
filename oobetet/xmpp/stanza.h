/* SPDX-License-Identifier: MIT */
/*
 * Builds and reads stanzas: RFC 6120 and 6121, XEP-0045 (rooms), XEP-0199 and XEP-0410 (ping),
 * XEP-0203 (delay).
 */
#ifndef OOBETET_XMPP_STANZA_H
#define OOBETET_XMPP_STANZA_H

#include "common/clocks.h"
#include "oobetet/watch/occupants.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <strophe.h>

#define NS_MUC "http://jabber.org/protocol/muc"
#define NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define NS_MUC_OWNER "http://jabber.org/protocol/muc#owner"
#define NS_STABLE_ID "http://jabber.org/protocol/muc#stable_id"
#define NS_OCCUPANT_ID "urn:xmpp:occupant-id:0"
#define NS_DISCO "http://jabber.org/protocol/disco#info"
#define NS_DELAY "urn:xmpp:delay"
#define NS_PING "urn:xmpp:ping"
#define NS_STANZA_ERROR "urn:ietf:params:xml:ns:xmpp-stanzas"

/* Status codes of XEP-0045, 15.6.2 */
enum {
	MUC_SELF = 110,
	MUC_CREATED = 201,
	MUC_BANNED = 301,
	MUC_NICK_CHANGED = 303,
	MUC_KICKED = 307,
	MUC_AFFILIATION = 321,
	MUC_MEMBERS_ONLY = 322,
	MUC_SHUTDOWN = 332,
	MUC_TECHNICAL = 333,
};

/*
 * Each sends one stanza, or nothing when there is no connection. An answer has the same `id`.
 * `password` may be NULL; `history`: seconds of history to ask for, 0: none. A presence of `type`
 * NULL changes our nick, "unavailable" leaves.
 */
void stanza_join(xmpp_conn_t *connection, const char *room, const char *nick, const char *id,
	const char *password, int64_t history);
void stanza_presence(xmpp_conn_t *connection, const char *room, const char *nick, const char *type);
void stanza_unlock(xmpp_conn_t *connection, const char *room);
void stanza_message(xmpp_conn_t *connection, const char *room, const char *id, const char *text);
void stanza_ping(xmpp_conn_t *connection, const char *room, const char *nick, const char *id);
void stanza_ask_features(xmpp_conn_t *connection, const char *room, const char *id);

/* Answers an iq: with an empty result, or with an error of type `cancel`. */
void stanza_answer(xmpp_conn_t *connection, xmpp_stanza_t *iq);
void stanza_answer_error(xmpp_conn_t *connection, xmpp_stanza_t *iq, const char *condition);

/* Does a presence in a room have this status code? */
bool stanza_has_status(xmpp_stanza_t *presence, int code);

enum stanza_time {
	STANZA_LIVE,     /* sent to the room now */
	STANZA_RECALLED, /* history, with a time stamp of the room itself (XEP-0203) */
	STANZA_NEITHER,  /* history without such a stamp, a correction, a copy, a retraction */
};

/*
 * Whether a message is live. A time stamp of the sender or its server does not count once the
 * history is over. `stamp` (since the epoch) is set for STANZA_RECALLED.
 */
enum stanza_time stanza_time(
	xmpp_stanza_t *message, const char *room, bool history_is_over, nsec *stamp);

/* The body of the message itself. NULL: none. Free it with xmpp_free(). */
char *stanza_body(xmpp_stanza_t *message);

/* Is it the subject of a room, which ends the history? */
bool stanza_is_subject(xmpp_stanza_t *message);

/* Does an answer to stanza_ask_features() list this one? */
bool stanza_has_feature(xmpp_stanza_t *iq, const char *feature);

/*
 * The occupant, as far as the room shows it. The texts are the stanza's. What is there twice may be
 * the occupant's own, and is not taken.
 */
struct identity stanza_identity(xmpp_stanza_t *presence);

/* The occupant-id (XEP-0421) of a presence or a message; "": none. */
const char *stanza_occupant_id(xmpp_stanza_t *stanza);

/* The occupant's new nick (status 303); NULL: it has not changed. */
const char *stanza_new_nick(xmpp_stanza_t *presence);

/* The condition of an error stanza, such as "not-authorized"; never NULL. */
const char *stanza_condition(xmpp_stanza_t *stanza);

/*
 * Condition and text of an error: "not-authorized: Invalid password". The secrets, up to a NULL,
 * are masked.
 */
void stanza_fault(xmpp_stanza_t *stanza, const char *const *secrets, char *out, size_t size);

/* The same of a stream's error; "see-other-host (HOST:PORT): ..." says what to do. */
void stanza_stream_fault(xmpp_stanza_t *error, const char *const *secrets, char *out, size_t size);

/* True if the presence says that the room was destroyed. */
bool stanza_is_destroyed(xmpp_stanza_t *presence);

/* Why we are out of a room, by our presence `unavailable`; masked as well. */
void stanza_why_out(xmpp_stanza_t *presence, const char *const *secrets, char *out, size_t size);

#endif
