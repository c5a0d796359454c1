/* SPDX-License-Identifier: MIT */
/*
 * A client in one Jabber room (XEP-0045), for the tools of the tests and of the demo: logs in,
 * joins, receives and sends messages, in one thread; one a process. Events are passed to a handler.
 * It does not join again by itself once it is out of the room.
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
	const char *ca_file; /* the CA of the server's certificate; NULL: no TLS */
};

enum muc_event {
	MUC_JOINED,  /* nick: ours, as the server has it */
	MUC_SAID,    /* nick sent text, our own included; nick is empty: the room itself */
	MUC_HISTORY, /* nick sent text before we joined */
	MUC_ENTERED, /* nick is in the room */
	MUC_LEFT,    /* nick is not in the room any more */
	MUC_REFUSED, /* the room refused our message; text: the condition */
	MUC_OUT,     /* we are not in the room (any more, or at all); text: why. The last event */
};

/* `nick` and `text` are never NULL and hold until the function returns. */
typedef void muc_handler(void *user, enum muc_event event, const char *nick, const char *text);

struct muc;

/* Starts to connect. The strings of `account` must outlive the muc. */
struct muc *muc_open(
	const struct muc_account *account, muc_handler *handler, void *user, struct reason *why);

/* What to poll for before muc_run(); a descriptor of -1 while there is none. */
struct pollfd muc_pollfd(const struct muc *muc);

/* Receives and sends without waiting; calls the handler. */
void muc_run(struct muc *muc);

/* Sends text to the room; characters not allowed in XML become `?`. Only after MUC_JOINED. */
void muc_say(struct muc *muc, const char *text);

/* Sends a stanza unchanged. Only after MUC_JOINED. */
void muc_send(struct muc *muc, const char *xml);

/* The number of our messages that the room has neither reflected nor refused. */
unsigned muc_unconfirmed(const struct muc *muc);

/* Leaves the room and the server, in order but within a second, and frees the muc. */
void muc_close(struct muc *muc);

#endif
