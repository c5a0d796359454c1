/* SPDX-License-Identifier: MIT */
/*
 * The pieces of XML that the ear sends and looks for: RFC 6120 and 6121, XEP-0045 (rooms),
 * XEP-0199 and XEP-0410 (ping), XEP-0203 (delay).
 */
#ifndef OOBETET_XMPP_STANZA_H
#define OOBETET_XMPP_STANZA_H

#include "common/clocks.h"

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
 * Each sends one stanza, or nothing when there is no connection. `password` may be NULL; `history`
 * is how many seconds of what was said are asked for on joining, 0: none.
 */
void stanza_join(xmpp_conn_t *connection, const char *room, const char *nick, const char *password,
	int64_t history);
void stanza_rename(xmpp_conn_t *connection, const char *room, const char *nick);
void stanza_leave(xmpp_conn_t *connection, const char *room, const char *nick);
void stanza_unlock(xmpp_conn_t *connection, const char *room);
void stanza_say(xmpp_conn_t *connection, const char *room, const char *id, const char *text);
void stanza_ping(xmpp_conn_t *connection, const char *room, const char *nick, const char *id);
void stanza_ask_features(xmpp_conn_t *connection, const char *room, const char *id);

/* Answers an iq: with an empty result, or with an error of type `cancel`. */
void stanza_answer(xmpp_conn_t *connection, xmpp_stanza_t *iq);
void stanza_answer_error(xmpp_conn_t *connection, xmpp_stanza_t *iq, const char *condition);

/* Presence in a room: does it carry this status code? */
bool stanza_has_status(xmpp_stanza_t *presence, int code);

enum stanza_time {
	STANZA_LIVE,     /* somebody says it in the room now */
	STANZA_RECALLED, /* the room itself has stamped when it was said (XEP-0203) */
	STANZA_NEITHER,  /* history with no such proof, a correction, a copy, what was taken back */
};

/*
 * What a message is. The sender, or its server, may have stamped it as well: that is live once the
 * history is over. `stamp`, since the epoch, is set for STANZA_RECALLED.
 */
enum stanza_time stanza_time(
	xmpp_stanza_t *message, const char *room, bool history_is_over, nsec *stamp);

/* The text that is said; not what has only its name. NULL: none. Free it with xmpp_free(). */
char *stanza_body(xmpp_stanza_t *message);

/* The subject of a room, which ends the history. */
bool stanza_is_subject(xmpp_stanza_t *message);

/* An answer to stanza_ask_features(): is this one of them? */
bool stanza_has_feature(xmpp_stanza_t *iq, const char *feature);

/* Whose presence it is, where the room shows it; each may be NULL. */
struct occupant {
	const char *jid;         /* the real one */
	const char *affiliation; /* owner, admin, member, none */
	const char *id;          /* XEP-0421 */
};
struct occupant stanza_occupant(xmpp_stanza_t *presence);

/* Presence that says so (status 303): the occupant's new nick; NULL: it has none. */
const char *stanza_new_nick(xmpp_stanza_t *presence);

/* `2026-11-20T10:29:06.5Z`, as XEP-0082 has it, with any offset. */
bool stanza_stamp(const char *text, nsec *stamp);

/* The condition of an error stanza, such as "not-authorized"; never NULL. */
const char *stanza_condition(xmpp_stanza_t *stanza);

/*
 * The condition and its text for people: "not-authorized: Invalid password". The secrets, up to a
 * NULL, are masked in it. Returns out.
 */
char *stanza_fault(xmpp_stanza_t *stanza, const char *const *secrets, char *out, size_t size);

/* Why we are out of a room, by the presence that says so, masked as well. Returns out. */
char *stanza_why_out(xmpp_stanza_t *presence, const char *const *secrets, char *out, size_t size);

#endif
