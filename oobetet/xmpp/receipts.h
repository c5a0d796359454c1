/* SPDX-License-Identifier: MIT */
/*
 * What we have said in a room since we came in and what has not come back. A room that keeps ids
 * sends a message back with the id that it was sent with (XEP-0045, 18.4: muc#stable_id). A bridge
 * may not: there the text alone tells which message it is, once for each time that it was said.
 * Pure.
 */
#ifndef OOBETET_XMPP_RECEIPTS_H
#define OOBETET_XMPP_RECEIPTS_H

#include <stdbool.h>

#define RECEIPTS_MAX \
	8 /* of a room: an alarm, its repeats, a greeting; then the oldest is forgotten */

struct receipts {
	int count;
	struct said {
		char *id, *text; /* owned */
	} said[RECEIPTS_MAX];    /* the oldest first */
};

/* An empty one is zeroed; this empties it. */
void receipts_clear(struct receipts *receipts);

void receipts_expect(struct receipts *receipts, const char *id, const char *text);

/* It came back with its id: it is not expected any more, however often it was said. */
void receipts_take_id(struct receipts *receipts, const char *id);

/* The id of the oldest that has this text, which is not expected any more; NULL: none. Free it. */
char *receipts_take_text(struct receipts *receipts, const char *text);

#endif
