/* SPDX-License-Identifier: MIT */
/* The keys in Redis, and the values of two of them: the batch and the lease. */
#ifndef HTTPBROKER_REDIS_KEYS_H
#define HTTPBROKER_REDIS_KEYS_H

#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The names of the keys; all owned. */
struct keys {
	char *checks;   /* the hash of records */
	char *batch;    /* identifies the last commit */
	char *lease;    /* the active broker */
	char *standby;  /* the stand-by */
	char *handover; /* events that others have accepted and cannot write */
	char *queue;    /* Flapjack's list */
	char *actions;  /* its list of wake-ups; NULL: Flapjack 1, which has none */
};

/* `program` and the name are the first parts of all but the last two. */
void keys_init(
	struct keys *keys, const char *program, const char *name, const char *queue, int flapjack);
void keys_free(struct keys *keys);

/*
 * The key `httpbroker:NAME:batch`, set by every commit: `NUMBER TOKEN CLOCK WALL`, and, if it
 * pushes, the queue's type right after: `list` if the push was applied; any other if it was
 * refused.
 *
 * NUMBER and TOKEN identify the last applied commit: one whose reply was lost is looked up instead
 * of repeated. CLOCK is the broker clock (record.h), so that the next broker goes on with it.
 */
enum {
	BATCH_TOKEN = 16, /* hexadecimal digits */
	BATCH_TEXT = 112, /* bytes that hold any batch */
	BATCH_TYPE = 16,  /* bytes that hold a type's name */
};

#define BATCH_MAX (INT64_MAX / 4000000) /* of its numbers: as nanoseconds they can be added */

struct batch {
	int64_t number;
	char token[BATCH_TOKEN + 1]; /* chosen at random when a broker starts */
	int64_t clock;               /* milliseconds on the broker clock */
	int64_t wall;                /* milliseconds since the epoch */
	char queue[BATCH_TYPE];      /* its type; empty: nothing was pushed */
};

/* Writes into `out` and returns it. */
const char *batch_text(const struct batch *batch, char out[BATCH_TEXT]);

bool batch_read(const char *value, size_t length, struct batch *out, struct reason *why);

/*
 * The lease: the key `httpbroker:NAME:lease` names the active one of the brokers of that name. Its
 * value is `HOST ADDRESS TOKEN`: where the broker is, and a random token for its process. It
 * expires unless it is renewed. Any other value is refused: it would never expire.
 *
 * A stand-by keeps `httpbroker:NAME:standby` alive, with its own value (of several the last one),
 * so that the active broker knows whether another would take over.
 */
enum { LEASE_PLACE = 480, LEASE_TEXT = LEASE_PLACE + BATCH_TOKEN + 2 };

#define LEASE_LASTS (5 * NSEC_PER_SEC)   /* from its last renewal */
#define LEASE_LASTS_MILLIS "5000"        /* the same, as it is written to Redis */
#define LEASE_RENEWED NSEC_PER_SEC       /* at least this often */
#define LEASE_LOOK (200 * NSEC_PER_MSEC) /* how often a stand-by reads it */
#define STANDBY_LASTS (6 * NSEC_PER_SEC)
#define STANDBY_RENEWED NSEC_PER_SEC
#define LEASE_LEFT (6 * NSEC_PER_SEC) /* to the former holder after an outage: see session.h */

struct lease {
	char text[LEASE_TEXT]; /* our value */
	size_t place;          /* bytes of `HOST ADDRESS` */
};

/* `place` is `HOST ADDRESS`, cut to LEASE_PLACE - 1 bytes. */
void lease_init(struct lease *lease, const char *place, const char *token);

const char *lease_token(const struct lease *lease);

enum lease_holder {
	LEASE_NOBODYS,
	LEASE_OURS,
	LEASE_OF_OUR_PLACE, /* another process at our host and address */
	LEASE_ANOTHERS,
};

enum lease_holder lease_holder_of(const struct lease *ours, const char *value, size_t length);

#endif
