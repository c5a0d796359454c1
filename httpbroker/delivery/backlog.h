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
#ifndef HTTPBROKER_DELIVERY_BACKLOG_H
#define HTTPBROKER_DELIVERY_BACKLOG_H

#include "httpbroker/redis/commit.h"
#include "httpbroker/states/posting.h"

struct backlog;

struct kept {
	struct kept *prev, *next;
	char *json; /* as recall_event() reads it; owned */
	size_t length;
	/* the rest is the backlog's */
	struct marks marks;
	bool judged;
	struct kept_check *check; /* NULL: nothing may take its place */
	enum condition condition;
	bool forgotten;
	struct instant time;
};

/* `most` that were not judged, at most. `key` makes its hash unpredictable. */
struct backlog *backlog_new(size_t most, const struct siphash_key *key);
void backlog_free(struct backlog *backlog);

/* False if it is full: then it was not taken. */
bool backlog_put(struct backlog *backlog, const struct posting *posting);

/* The same for one that the ledger has taken, and that is in Redis with these marks. Never full. */
void backlog_put_judged(
	struct backlog *backlog, const struct posting *posting, const struct marks *marks);

/* What has these marks is in Redis, and dropped. */
void backlog_done(struct backlog *backlog, const struct marks *done);

/* What the ledger made of them came to nothing: all are to be judged again. */
void backlog_reopen(struct backlog *backlog);

/* The first that was not judged; NULL: none. It has been now, with these marks. */
struct kept *backlog_next(const struct backlog *backlog);
void backlog_judged(struct backlog *backlog, const struct marks *marks);

/* The first of all, and to go on ->next; drop so many of them. */
struct kept *backlog_first(const struct backlog *backlog);
void backlog_drop(struct backlog *backlog, size_t count);

/* So many of the first are to stay as they are: nothing takes their place any more. */
void backlog_freeze(struct backlog *backlog, size_t count);

/* How many there are: of all, and of those not judged. */
size_t backlog_count(const struct backlog *backlog);
size_t backlog_unjudged(const struct backlog *backlog);

/* How many checks the latter change. */
size_t backlog_unjudged_checks(const struct backlog *backlog);

#endif
