/* SPDX-License-Identifier: MIT */
/* The stanzas of the server: updates the rooms and reports to the monitor. */
#ifndef OOBETET_XMPP_HANDLERS_H
#define OOBETET_XMPP_HANDLERS_H

#include "oobetet/ipc.h"
#include "oobetet/xmpp/muc.h"
#include "oobetet/xmpp/session.h"

/* The state of the xmpp worker. */
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

/* Registers the handlers; call it once logged in. */
void handlers_start(struct xmpp *xmpp);

/* Asks the room with this index for its features. */
void handlers_ask_features(struct xmpp *xmpp, int room);

/* Reports that we are out of the room. */
void handlers_report_left(struct xmpp *xmpp, const struct muc *room, const char *why);

/* The id of the newest ping of this room. */
#define PING_ID_SIZE 40
void handlers_ping_id(const struct xmpp *xmpp, int room, char out[PING_ID_SIZE]);

#endif
