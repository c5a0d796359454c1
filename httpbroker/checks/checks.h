/* SPDX-License-Identifier: MIT */
/*
 * The state table: the last event of every check, as ready-made JSON.
 *
 * One thread, the writer, adds and changes states, and may look at them without a lock. Any
 * thread may visit them. The table is split into shards with a lock each: a shard is what a
 * visitor holds up, and what growing the table holds up. The hash has a secret key.
 *
 * A check is known by the pair of its entity's and its own name. They are kept as
 * `entity:check` with the length of the first, because two pairs may look alike.
 */
#ifndef HTTPBROKER_CHECKS_CHECKS_H
#define HTTPBROKER_CHECKS_CHECKS_H

#include "common/clocks.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/checks/siphash.h"
#include "httpbroker/limits.h"

#include <uthash.h>

struct names {
	const char *bytes;      /* `entity:check` */
	uint16_t length;        /* of the whole */
	uint16_t entity_length; /* where the separating colon is */
};

/* Laid out so that no byte is lost between fields: there may be a million of these. */
struct check {
	UT_hash_handle hh;
	struct check *wheel_prev, *wheel_next; /* the wheel's */
	struct encoded encoded;                /* the last event; bytes are ours */
	nsec repeat_at;                        /* monotonic: when it is repeated next */
	nsec deadline;                         /* monotonic: when it goes stale, or NSEC_NEVER */
	int64_t time;                          /* the event's, seconds since the epoch */
	int32_t ttl;                           /* seconds; negative: never stale */
	uint32_t pushed_in;                    /* the commit that told Flapjack last */
	uint16_t entity_length;                /* of names */
	uint16_t wheel_slot;                   /* the wheel's */
	uint16_t fraction;                     /* of the time: see event.h */
	uint8_t state;                         /* enum state of the last event */
	uint8_t sent;                          /* enum state that Flapjack was told last */
	uint8_t rank;                          /* see check_key() */
	bool stale : 1;                        /* Flapjack was told that it ran out */
	bool listed : 1;                       /* its record waits to be written */
	bool forgotten : 1; /* it is out of the table, and its record waits to be deleted */
	bool loaded : 1;    /* it is as Redis had it: nothing has been heard of it since */
	bool posted : 1;    /* its last event came from a client, to this broker */
	bool retired : 1;   /* it goes by another name now: its next repeat is its end */
	bool owed : 1;      /* what Flapjack was told last is not known to be in Redis */
	bool untold : 1;    /* it was read back, and Flapjack is still to be told of it */
	bool recorded : 1;  /* there is a record of it in Redis, or will be by the commit under way
			     */
	char names[];       /* `entity:check`, hh.keylen bytes */
};

/*
 * The key in GET /state, which no other check has: `entity:check`, with `#2` behind it if that was
 * another's key already, or `#3`, … up to 15: the first that nobody had. The number is the rank; 1
 * is none. To look for more takes long where somebody has chosen names of many colons, so a rank of
 * CHECKS_UNRANKED is a key with U+001F between entity and check, which is in no name.
 */
enum { CHECKS_RANKS = 15, CHECKS_UNRANKED, CHECKS_SUFFIX = sizeof "#255" };
enum { CHECKS_KEY = 2 * LIMIT_NAME + 1 + CHECKS_SUFFIX };

/* Writes the key, which a NUL follows, and returns its length. */
size_t check_key(const struct check *check, char out[CHECKS_KEY]);

struct checks;

struct checks *checks_new(const struct siphash_key *key);
void checks_free(struct checks *checks);

size_t checks_count(const struct checks *checks); /* any thread */

/* The writer's: the check's state, or NULL. */
struct check *checks_find(const struct checks *checks, const struct names *names);

/* What an event says of a check. */
struct checks_event {
	struct encoded encoded; /* copied */
	enum state state;
	int64_t time;
	int32_t ttl;
	nsec deadline;
	uint16_t fraction;
};

/* The writer's: a new state, for a check that has none. What no event says is zero. */
struct check *checks_add(
	struct checks *checks, const struct names *names, const struct checks_event *event);

/*
 * The writer's: the check's next event. The fields that no event says are no visitor's business:
 * the writer changes them as it likes.
 */
void checks_set(struct checks *checks, struct check *check, const struct checks_event *event);

/*
 * The writer's: takes the state out of the table and frees its event; what is left of it, its
 * names, is the caller's to free(3).
 */
void checks_remove(struct checks *checks, struct check *check);

/* The writer's: takes out and frees all of them. Nothing may point to one any more. */
void checks_clear(struct checks *checks);

/* The writer's: calls `work` for every state of a shard; that may remove the state. */
typedef void checks_worker(struct check *check, void *context);
void checks_work(struct checks *checks, unsigned shard, checks_worker *work, void *context);

/* Any thread: calls `visit` for every state of a shard while holding its lock: so be quick. */
enum { CHECKS_SHARDS = 256 };
typedef void checks_visitor(const struct check *check, void *context);
void checks_visit(struct checks *checks, unsigned shard, checks_visitor *visit, void *context);

/*
 * Any thread: the same in pieces of one or two hundred states, however many there are. False after
 * the last. What was there from the first piece to the last is visited once.
 */
struct checks_cursor {
	unsigned shard, part; /* the next piece */
	unsigned parts;       /* of a shard; a power of two; 0: at the beginning */
};
bool checks_visit_some(
	struct checks *checks, struct checks_cursor *cursor, checks_visitor *visit, void *context);

/* The same for one check, if there is such a one. */
void checks_visit_one(
	struct checks *checks, const struct names *names, checks_visitor *visit, void *context);

#endif
