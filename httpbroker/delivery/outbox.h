/* SPDX-License-Identifier: MIT */
/*
 * What waits to be committed, in order: events for the queue, each of which goes out, and states
 * whose records have to be written, each of which is written once however often it has changed
 * meanwhile. So while Redis is away it grows with the changes, not with what says the same again.
 *
 * Events and records wait apart: what Redis refuses of the ones holds up what is behind it, in its
 * order, until outbox_retry(), but not the others. A record that goes out while its event is held
 * up says so (record.h), and is written again when that is in the queue; the records of the very
 * commit whose events were refused are written again at once.
 *
 * A state that was forgotten stays in its place among these until its record is deleted. So what
 * is listed of one check is any number of forgotten states and at most one that lives, behind them.
 */
#ifndef HTTPBROKER_DELIVERY_OUTBOX_H
#define HTTPBROKER_DELIVERY_OUTBOX_H

#include "httpbroker/checks/checks.h"
#include "httpbroker/redis/commit.h"

struct outbox;

struct outbox *outbox_new(void);
void outbox_free(struct outbox *outbox);

/* How many events it holds at most (LIMIT_PENDING, if not said); and that no record is written. */
void outbox_limit(struct outbox *outbox, size_t max);
void outbox_forget_records(struct outbox *outbox);

/* Whether it holds as many, or LIMIT_PENDING_BYTES of them: then nothing new should be judged. */
bool outbox_overflows(const struct outbox *outbox);

/* Where the next event for the queue goes: add exactly one argument. */
struct resp_list *outbox_push(struct outbox *outbox);

/* Which commit that is: for state->pushed_in, so that its record does not go out before. */
uint32_t outbox_sequence(const struct outbox *outbox);

/* That the state's record has to be written. It must not go away before but by outbox_forget(). */
void outbox_record(struct outbox *outbox, struct check *check);

/* That its record has to be deleted. Takes over the state, which is out of the table. */
void outbox_forget(struct outbox *outbox, struct check *check);

/* That Redis has a record of the state; and of how many, once the commit that is taken is applied.
 */
void outbox_mark_recorded(struct outbox *outbox, struct check *check);
size_t outbox_recorded(const struct outbox *outbox);

/* Everything so far, and what of it is in Redis: what had these marks when it came is there. */
struct watermarks outbox_watermarks(const struct outbox *outbox);
struct watermarks outbox_done(const struct outbox *outbox);

/*
 * That with what there is so far, or after it, `count` events are dropped that another broker
 * had left (see commit.h). Once at a time: while it is not done, outbox_is_trimming().
 */
void outbox_trim(struct outbox *outbox, size_t count);
bool outbox_is_trimming(const struct outbox *outbox);

/* Whether nothing waits, and nothing is taken. */
bool outbox_is_empty(const struct outbox *outbox);

/* Whether the commit that is being gathered has its fill; what is pushed then is for the next. */
bool outbox_full(const struct outbox *outbox);

/*
 * The next commit, complete with its records; NULL if nothing waits but what is held up. `clock`
 * is what to add to the monotonic clock to get the broker clock. It stays the outbox's; say when it
 * has been applied, before taking the next. What is then in its `refused` is held up.
 */
struct commit *outbox_take(struct outbox *outbox, nsec clock);
void outbox_applied(struct outbox *outbox, struct commit *commit);

/* Whether there is one. */
bool outbox_waits(const struct outbox *outbox);

/* What was refused and has not been applied since (enum commit_part). It shall be tried again. */
unsigned outbox_refused(const struct outbox *outbox);
void outbox_retry(struct outbox *outbox);

#endif
