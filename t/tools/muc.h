/* SPDX-License-Identifier: MIT */
/*
 * An occupant of one Jabber room (XEP-0045), for the tools of the tests and of the demo: logs in,
 * joins, hears and speaks, in one thread; one a process. What befalls it is told to one function.
 * It does not come back by itself once it is out of the room.
 */
#ifndef T_TOOLS_MUC_H
#define T_TOOLS_MUC_H

#include "common/address.h"
#include "common/reason.h"

#include <poll.h>
#include <stdbool.h>

enum {
	MUC_TICK = 100, /* ms: muc_run() wants to be called at least this often */
};

struct muc_account {
	struct address server; /* where to connect; never looked up from the JID */
	const char *jid;       /* user@domain */
	const char *password;
	const char *room;    /* room@service */
	const char *nick;    /* ours in the room */
	const char *ca_file; /* the authority that vouches for the server; NULL: no TLS */
};

enum muc_event {
	MUC_JOINED,  /* nick: ours, as the server has it */
	MUC_SAID,    /* nick said text, our own words included; nick is empty: the room itself */
	MUC_HISTORY, /* nick had said text before we came */
	MUC_ENTERED, /* nick is in the room */
	MUC_LEFT,    /* nick is not in the room any more */
	MUC_REFUSED, /* the room did not take our words; text: the condition */
	MUC_OUT,     /* we are not in the room (any more, or at all); text: why. The last event */
};

/* `nick` and `text` are never NULL and hold until the function returns. */
typedef void muc_handler(void *user, enum muc_event event, const char *nick, const char *text);

struct muc;

/* Begins to connect. What it points to in `account` must outlive the muc. */
struct muc *muc_open(
	const struct muc_account *account, muc_handler *handler, void *user, struct reason *why);

/* What to poll for before muc_run(); a descriptor of -1 while there is none. */
struct pollfd muc_pollfd(const struct muc *muc);

/* Takes in what has come and sends what is due, without waiting; calls the handler. */
void muc_run(struct muc *muc);

/* Says it to the room; what no XML may carry is written as `?`. Only after MUC_JOINED. */
void muc_say(struct muc *muc, const char *text);

/* Sends a stanza as it is written, for what muc_say() would never say. Only after MUC_JOINED. */
void muc_send(struct muc *muc, const char *xml);

/* How much of what was said the room has neither reflected nor refused. */
unsigned muc_unconfirmed(const struct muc *muc);

/* Leaves the room and the server, in order but within a second, and frees the muc. */
void muc_close(struct muc *muc);

#endif
