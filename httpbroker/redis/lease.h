/* SPDX-License-Identifier: MIT */
/*
 * The lease: the key `httpbroker:NAME:lease`, which says who of the brokers of that name is the
 * active one. Its value is `HOST ADDRESS TOKEN`: where that broker is, and a random word that
 * stands for its process. It runs out unless it is renewed.
 *
 * A broker that stands by keeps `httpbroker:NAME:standby` alive, with the same of itself in it (of
 * several the last one). So the active broker knows that another one takes over when it loses
 * Redis.
 */
#ifndef HTTPBROKER_REDIS_LEASE_H
#define HTTPBROKER_REDIS_LEASE_H

#include "common/clocks.h"
#include "httpbroker/redis/batch.h"

enum { LEASE_PLACE = 480, LEASE_TEXT = LEASE_PLACE + BATCH_TOKEN + 2 };

#define LEASE_LASTS (5 * NSEC_PER_SEC)   /* after it was last renewed */
#define LEASE_RENEWED NSEC_PER_SEC       /* so often at least */
#define LEASE_LOOK (200 * NSEC_PER_MSEC) /* so often one that stands by looks at it */
#define STANDBY_LASTS (6 * NSEC_PER_SEC)
#define STANDBY_RENEWED NSEC_PER_SEC
#define LEASE_LEFT (6 * NSEC_PER_SEC) /* to whom it was when Redis was away: see session.h */

struct lease {
	char text[LEASE_TEXT]; /* as we write it */
	size_t place;          /* bytes of `HOST ADDRESS` */
};

/* `place` is `HOST ADDRESS`; what is longer than LEASE_PLACE - 1 bytes is cut. */
void lease_init(struct lease *lease, const char *place, const char *token);

/* The last word of it. */
const char *lease_token(const struct lease *lease);

enum lease_holder {
	LEASE_NOBODYS,
	LEASE_OURS,
	LEASE_OF_OUR_PLACE, /* another process at our host and address */
	LEASE_ANOTHERS,
};

/* Whose a value is. */
enum lease_holder lease_judge(const struct lease *ours, const char *value, size_t length);

#endif
