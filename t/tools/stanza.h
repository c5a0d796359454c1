/* SPDX-License-Identifier: MIT */
/* What there is to know of a stanza that came from a room (XEP-0045). Texts belong to the stanza.
 */
#ifndef T_TOOLS_STANZA_H
#define T_TOOLS_STANZA_H

#include <stdbool.h>
#include <strophe.h>

/* The sender's nick, after the slash in `room@service/nick`; empty for the room itself. */
const char *stanza_nick(xmpp_stanza_t *stanza);

/* The name of the condition in <error>: its first child (RFC 6120, 8.3.2). */
const char *stanza_condition(xmpp_stanza_t *stanza);

bool stanza_has_status(xmpp_stanza_t *presence, const char *code);

/* The reason why an occupant left the room, as a short text. */
const char *stanza_removal(xmpp_stanza_t *presence);

/* Is it an earlier message, delivered as history (XEP-0203)? */
bool stanza_is_delayed(xmpp_stanza_t *message);

#endif
