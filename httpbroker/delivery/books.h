/* SPDX-License-Identifier: MIT */
/*
 * What an active broker knows: the table of states, the ledger that judges, the outbox. They
 * belong together, for each points into the others: when another broker has become the active
 * one they are emptied together.
 */
#ifndef HTTPBROKER_DELIVERY_BOOKS_H
#define HTTPBROKER_DELIVERY_BOOKS_H

#include "httpbroker/delivery/ledger.h"
#include "httpbroker/delivery/outbox.h"

struct books {
	struct checks *checks; /* not owned */
	struct outbox *outbox;
	struct engine *engine;
	nsec interval;
	size_t max;              /* events that wait, at most */
	int flapjack;            /* version, 1 or 2 */
	bool persistent;         /* records are written */
	enum state stale_as;     /* what a stale check is told as */
	size_t max_states;       /* checks that are remembered */
	nsec forget_after;       /* for so long a check is stale at most; NSEC_NEVER: for ever */
	struct missing *missing; /* the reader's; not owned; NULL: nothing is read back */
};

/* Fills in the outbox and the ledger; the rest is set. */
void books_open(struct books *books, struct moment now);
void books_close(struct books *books);

/* Empties them, and the table. */
void books_reset(struct books *books, struct moment now);

#endif
