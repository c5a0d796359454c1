/* SPDX-License-Identifier: MIT */
/*
 * The table of checks, each with its last event as JSON.
 *
 * One thread, the writer, adds and changes checks, and reads them without a lock. Any thread may
 * visit them. The table is split into shards with a lock each: neither a visit nor growing the
 * table blocks more than a shard. The hash has a secret key.
 */
#ifndef HTTPBROKER_CHECKS_CHECKS_H
#define HTTPBROKER_CHECKS_CHECKS_H

#include "httpbroker/checks/encode.h"
#include "httpbroker/checks/history.h"
#include "httpbroker/checks/siphash.h"
#include "httpbroker/limits.h"

#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

/* Ordered without padding: there may be a million of these. */
struct check {
	UT_hash_handle hh;
	struct check *wheel_prev, *wheel_next; /* the wheel's */
	struct encoded encoded; /* the last event after its head; the bytes are owned */
	nsec repeat_at;         /* monotonic; the next repeat */
	nsec deadline;          /* monotonic, when it goes stale; or NSEC_NEVER */
	int64_t time;           /* the event's, seconds since the epoch */
	int64_t since;          /* when the reported state changed, the same; 0: not known */
	struct history history; /* of the reported state */
	int32_t ttl;            /* seconds; negative: never stale */
	int32_t received;       /* when the event was: seconds, monotonic */
	struct run run;         /* the open one; limit 0: none */
	uint32_t pushed_in;     /* the commit of the last push */
	uint16_t entity_length; /* of names */
	uint16_t wheel_slot;    /* the wheel's */
	uint16_t fraction;      /* of the time: struct instant */
	uint8_t state;          /* enum state of the last event */
	uint8_t sent;           /* enum state that was pushed last */
	uint8_t shown;          /* enum state that was reported last */
	uint8_t rank;           /* see check_key() */
	bool overrun : 1;       /* it was pushed as critical, for the open run */
	bool stale : 1;         /* it was pushed as stale */
	bool listed : 1;        /* its record waits to be written */
	bool forgotten : 1;     /* removed from the table; its record waits to be deleted */
	bool loaded : 1;        /* it came from Redis, and no event since */
	bool posted : 1;        /* its last event came from a client of this broker */
	bool retired : 1;       /* it was renamed: forgotten at its next repeat */
	bool unproven : 1;      /* its last push may not be in Redis */
	bool unpushed : 1;      /* loaded, and still to be pushed */
	bool recorded : 1;      /* Redis has a record of it, or will by the current commit */
	char names[];           /* `entity:check`, hh.keylen bytes */
};

/* Its TTL or its run's limit is over. check->stale says that this was pushed. */
static inline bool check_is_expired(const struct check *check, nsec now)
{
	return check->deadline <= now || check->run.before != RUN_BEFORE_FRESH;
}

/* Whether a run has exceeded its limit: the open one, or one that the open one follows. */
static inline bool check_overruns(const struct check *check, nsec now)
{
	return check->run.limit > 0 &&
	       (check->deadline <= now || check->run.before == RUN_BEFORE_OVERRUN);
}

/* The state that is reported. `stale_as`: of a stale check. */
static inline enum state check_reported(const struct check *check, enum state stale_as, nsec now)
{
	if (!check_is_expired(check, now))
		return (enum state)check->state;
	return check_overruns(check, now) ? STATE_CRITICAL : stale_as;
}

/*
 * The key in GET /state, unique among the checks: `entity:check`; if that is taken, with `#2` to
 * `#15` behind it, the first that is free. The number is the rank; 1 is none. Looking for more
 * takes long if a client chooses names with many colons: CHECKS_UNRANKED is a key with U+001F,
 * which no name has, between entity and check.
 */
enum { CHECKS_RANKS = 15, CHECKS_UNRANKED, CHECKS_SUFFIX = sizeof "#255" };
enum { CHECKS_KEY = NAMES_MAX + CHECKS_SUFFIX };

/* Writes the key and a NUL; returns the length. */
size_t check_key(const struct check *check, char out[CHECKS_KEY]);

static inline struct names check_names(const struct check *check)
{
	return (struct names){check->names, (uint16_t)check->hh.keylen, check->entity_length};
}

/* Writes the head of its last event. Returns the length. */
static inline size_t check_head(const struct check *check, char out[ENCODED_HEAD_MAX])
{
	const struct names names = check_names(check);

	return encoded_head(&names, out);
}

struct checks;

struct checks *checks_new(const struct siphash_key *key);
void checks_free(struct checks *checks);

size_t checks_count(const struct checks *checks); /* any thread */

/* Writer only; NULL: none. */
struct check *checks_find(const struct checks *checks, const struct names *names);

/* Writer only: adds a check that is not in the table. All other fields are zero. */
struct check *checks_add(struct checks *checks, const struct prepared *event);

/* Writer only: sets the last event, and ends the run if it is of that. Visitors read none of the
 * other fields: they need no lock. */
void checks_set(struct checks *checks, struct check *check, const struct prepared *event);

/* Writer only: notes the state that is reported from now on, in `since` and history. */
void checks_note(
	struct checks *checks, struct check *check, enum state reported, struct moment now);

/* Writer only: opens a run. Until its deadline the check stays as it is. */
void checks_start(
	struct checks *checks, struct check *check, const struct prepared *start, nsec now);

/* Writer only: removes the check and frees its event; the caller calls free(3) on the rest. */
void checks_remove(struct checks *checks, struct check *check);

/* Writer only: removes and frees all checks. */
void checks_clear(struct checks *checks);

/* Writer only: calls `work`, which may remove the check, for every check of a shard. */
typedef void checks_worker(struct check *check, void *context);
void checks_work(struct checks *checks, unsigned shard, checks_worker *work, void *context);

/* Any thread: calls `visit` for every check of a shard, with its lock held. */
enum { CHECKS_SHARDS = 256 };
typedef void checks_visitor(const struct check *check, void *context);
void checks_visit(struct checks *checks, unsigned shard, checks_visitor *visit, void *context);

/*
 * Any thread: the same in pieces of one or two hundred checks; false after the last one. A check
 * that is in the table all the while is visited once.
 */
struct checks_cursor {
	unsigned shard, part; /* of the next piece */
	unsigned parts;       /* of a shard; a power of two; 0: begin */
};
bool checks_visit_some(
	struct checks *checks, struct checks_cursor *cursor, checks_visitor *visit, void *context);

/* The same for one check, if it is in the table. */
void checks_visit_one(
	struct checks *checks, const struct names *names, checks_visitor *visit, void *context);

#endif
