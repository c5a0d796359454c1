/* SPDX-License-Identifier: MIT */
/*
 * What a broker makes of what it has seen at the lease: whether it is, stays or no longer is the
 * active one, and what became of a commit whose answer was lost. Pure: no Redis, no clock.
 *
 * Batch numbers go on from one broker to the next and never back. So when the last batch is
 * neither our last acknowledged nor the one whose answer is awaited, either another broker was
 * active since, or (it is lower, or there is none) Redis has lost what it had.
 */
#ifndef HTTPBROKER_REDIS_TENURE_H
#define HTTPBROKER_REDIS_TENURE_H

#include "httpbroker/redis/claim.h"

/* What it means; a higher one includes the lower. */
enum role_change {
	CHANGE_NONE,
	CHANGE_DATA_LOST, /* active as before, but Redis has lost what it knew: write it again */
	CHANGE_BECAME_ACTIVE, /* active, and what is known is not what Redis has: read it */
	CHANGE_STANDBY,       /* another is active: what is known is of no more use */
};

struct leadership {
	char token[BATCH_TOKEN + 1];
	nsec grace;            /* of an outage, during which the broker clock stands still */
	bool active;           /* it was so far */
	bool claimed;          /* it ever was: then another process of our place came after us */
	bool in_flight;        /* the answer to commit `number` is awaited */
	int64_t number;        /* of the last commit that was sent */
	nsec clock;            /* what to add to the monotonic clock to get the broker clock */
	int64_t seen;          /* the last batch's number, by the last look; -1: there was none */
	enum role_change turn; /* found, but not yet true, for the lease has not been got */
};

void leadership_init(struct leadership *leadership, const char *token, nsec grace);

/* Our next commit's batch, or that of the last one again. */
struct batch leadership_batch(const struct leadership *leadership, struct moment now);

/* Whether Redis has lost something since the look before, which was handed in here as well. */
bool leadership_sees_loss(struct leadership *leadership, const struct seen *seen);

/* Whether what was seen lets us take the lease. */
bool leadership_may_take(const struct leadership *leadership, const struct seen *seen);

/*
 * What the commit in flight came to, for sure if the lease is not touched any more: the batch that
 * it has left, in `seen`; NULL if it was not applied. Only when tenure->flying.
 */
const struct batch *leadership_applied(
	const struct leadership *leadership, const struct seen *seen);

/* Before taking it: what has to be written for that; the turn, clock and number are set. */
struct lease_write leadership_plan(
	struct leadership *leadership, const struct seen *seen, struct moment now);

/* It was taken: how that changes what we are. */
enum role_change leadership_begin(struct leadership *leadership);

/* Another has it. */
enum role_change leadership_lose(struct leadership *leadership);

#endif
