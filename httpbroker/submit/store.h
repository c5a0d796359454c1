/* SPDX-License-Identifier: MIT */
/*
 * The spool as the loop sees it: waiting for its lock, what is put into it and what is taken out,
 * each said once. Where there is no spool it holds nothing, takes nothing and is locked.
 */
#ifndef HTTPBROKER_SUBMIT_STORE_H
#define HTTPBROKER_SUBMIT_STORE_H

#include "common/clocks.h"
#include "httpbroker/submit/spool.h"

struct store {
	struct spool *spool; /* NULL: there is none */
	struct queue taken;  /* out of it: they go before all others */
	size_t kept;         /* events that were put into it */
	bool refuses;        /* it is full, or broken; said */
};

/* True if there is no sense in waiting any longer. */
typedef bool store_interrupted(void *context);

/* Waits for the lock until then (monotonic), or until it is interrupted. False, and logged: another
 * has it, or it cannot be had. */
bool store_lock(struct store *store, nsec until, store_interrupted *interrupted, void *context);

/* The events out of the spool that go next, enough for a request of `most`; NULL: none. */
struct queue *store_take(struct store *store, size_t max);

/* Of the events that store_take() gave, this one is answered for. */
void store_settle(struct store *store, const struct queued *event);

/* Moves what waits into the spool, as far as that takes it. */
void store_put(struct store *store, struct queue *queue);

/* Something is in the spool. */
bool store_holds(const struct store *store);

/* And it can be sent. */
bool store_waits(const struct store *store);

/* Files that were found damaged. */
size_t store_damaged(const struct store *store);

/* What was taken and not answered for stays in the spool. */
void store_return(struct store *store);

#endif
