/* SPDX-License-Identifier: MIT */
/*
 * Our membership of one room (XEP-0045): when to join, to ping ourselves in it (XEP-0410), to give
 * up and join again, and which of our messages the room has not sent back yet. Pure: the caller
 * sends what muc_tick() asks for and reports the room's stanzas.
 */
#ifndef OOBETET_XMPP_MUC_H
#define OOBETET_XMPP_MUC_H

#include "common/backoff.h"
#include "oobetet/config/config.h"

#include <stdbool.h>
#include <stdint.h>

/* Unreceived messages: one of each watch, and a few; then the oldest is dropped. */
#define SENT_MAX (WATCHES_MAX + 8)

/* Read it freely, change it through the functions; `history_over` and the features are set. */
struct muc {
	const char *name;
	char *alias; /* the nick of the configuration */
	char *nick;  /* the nick that we have or try */
	struct timing timing;
	struct backoff backoff;
	uint32_t seed;
	enum { MUC_OUT, MUC_JOINING, MUC_IN } state;
	nsec next;         /* OUT: when to join; JOINING: when to give up; IN: the next ping */
	nsec answer_by;    /* IN: of the ping in progress; NSEC_NEVER: none is */
	unsigned number;   /* of the newest ping or request to join */
	int missed;        /* pings in a row without an answer */
	nsec entered;      /* when we came in */
	nsec absent;       /* since when we missed messages; NSEC_NEVER: we were never in */
	int other_nicks;   /* tried since the last back-off */
	const char *why;   /* of MUC_LOST */
	bool history_over; /* the subject has come since we came in: messages are live */

	/* What the room supports (XEP-0030), asked for at each attempt to join. */
	bool stable_ids;   /* a message comes back with the id that it was sent with */
	bool occupant_ids; /* XEP-0421: nobody can forge one */

	struct sent {
		char *id, *text; /* owned */
	} sent[SENT_MAX];        /* since we came in, and not back yet; the oldest first */
	int sent_count;
};

/* Out, to be joined at once. `name` is the caller's and stays valid. Free with muc_free(). */
struct muc *muc_new(const char *name, const char *nick, const struct timing *timing, uint32_t seed);
void muc_free(struct muc *muc);

enum muc_action {
	MUC_NONE, /* nothing to do before muc_deadline() */
	MUC_JOIN, /* send presence */
	MUC_PING, /* ping our own nick in the room, with muc->number */
	MUC_LOST, /* no answer: we are out, muc->why says why; it will be joined again */
};

/* What to do now. Several actions may be due: call it until it returns MUC_NONE. */
enum muc_action muc_tick(struct muc *muc, nsec now);
nsec muc_deadline(const struct muc *muc);

/* Our presence in the room, under `nick`. True: we were not in before. */
bool muc_entered(struct muc *muc, const char *nick, nsec now);

/* The room rejected or removed us. True: we were in or joining before. */
bool muc_left(struct muc *muc, nsec now);

/* The nick is in use: another one is tried at once. */
void muc_nick_taken(struct muc *muc, nsec now);

/* Somebody gave up `nick`. True: it is our configured one, and we have another: ask for it. */
bool muc_nick_is_free(const struct muc *muc, const char *nick);

/* We are in under another nick. */
void muc_renamed(struct muc *muc, const char *nick);

/*
 * True if the text asks us for the status: `NICK: status`, with our nick in any case and a
 * separator as clients put behind a nick that they complete.
 */
bool muc_asks_status(const struct muc *muc, const char *text);

/* How many seconds of history to ask for on joining; 0: none, as on the first joining. */
int64_t muc_history(const struct muc *muc, nsec now);

/* The ping with this number was answered in a way that proves that we are in. */
void muc_ponged(struct muc *muc, unsigned number);

/*
 * Receipts. A room with stable ids (XEP-0045, 18.4) sends a message back with its id. Others, such
 * as bridges, may not: there the text identifies it, once for each time that it was sent.
 */
void muc_sent(struct muc *muc, const char *id, const char *text);
void muc_back_by_id(struct muc *muc, const char *id); /* all that were sent with it */

/* The id of the oldest message with this text, no longer expected; free it. NULL: none. */
char *muc_back_by_text(struct muc *muc, const char *text);

#endif
