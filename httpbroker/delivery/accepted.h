/* SPDX-License-Identifier: MIT */
/*
 * What was answered 202: it is kept here, as it was posted, until it is in Redis, whatever becomes
 * of this broker's role meanwhile. It is either judged (the ledger has taken it, and it gets to
 * Redis with what that made of it), or not yet, because nobody knew what Redis has of its check.
 * The judged ones are the older ones.
 *
 * One that says the same of its check as the one before takes its place: so it grows with the
 * changes, and the checks, not with what says the same again. That a check is to be forgotten is
 * kept as well, in its turn.
 */
#ifndef HTTPBROKER_DELIVERY_ACCEPTED_H
#define HTTPBROKER_DELIVERY_ACCEPTED_H

#include "httpbroker/checks/prepared.h"
#include "httpbroker/redis/commit.h"

struct accepted;

struct entry {
	struct entry *prev, *next;
	char *json; /* as decode_event() reads it; owned */
	size_t length;
	/* the rest is the backlog's */
	struct watermarks watermarks;
	bool applied;
	struct entry_check *check; /* NULL: nothing may take its place */
	enum state state;
	bool forgotten;
	struct instant time;
};

/* `most` that were not judged, at most. `key` makes its hash unpredictable. */
struct accepted *accepted_new(size_t max, const struct siphash_key *key);
void accepted_free(struct accepted *accepted);

/* False if it is full: then it was not taken. */
bool accepted_put(struct accepted *accepted, const struct prepared *prepared);

/* The same for one that the ledger has taken, and that is in Redis with these marks. Never full. */
void accepted_put_applied(struct accepted *accepted, const struct prepared *prepared,
	const struct watermarks *watermarks);

/* What has these marks is in Redis, and dropped. */
void accepted_committed(struct accepted *accepted, const struct watermarks *done);

/* What the ledger made of them came to nothing: all are to be judged again. */
void accepted_reopen(struct accepted *accepted);

/* The first that was not judged; NULL: none. It has been now, with these marks. */
struct entry *accepted_next(const struct accepted *accepted);
void accepted_mark_applied(struct accepted *accepted, const struct watermarks *watermarks);

/* The first of all, and to go on ->next; drop so many of them. */
struct entry *accepted_first(const struct accepted *accepted);
void accepted_drop(struct accepted *accepted, size_t count);

/* So many of the first are to stay as they are: nothing takes their place any more. */
void accepted_freeze(struct accepted *accepted, size_t count);

/* How many there are: of all, and of those not judged. */
size_t accepted_count(const struct accepted *accepted);
size_t accepted_unapplied(const struct accepted *accepted);

/* How many checks the latter change. */
size_t accepted_unapplied_checks(const struct accepted *accepted);

#endif
