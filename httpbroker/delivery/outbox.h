/* SPDX-License-Identifier: MIT */
/*
 * What waits to be committed, in order: events for the queue, each of which is pushed, and checks
 * whose records have to be written, each once however often it has changed. So while Redis is away
 * it grows with the changes, not with repeated states.
 *
 * Events and records wait apart: a part that Redis refuses holds up what is behind it until
 * outbox_retry(), but not the other part. A record that is written while its event is held up says
 * so (record.h), and is written again when the event is in the queue; the records of a commit whose
 * events were refused are written again at once.
 *
 * A forgotten check keeps its place until its record is deleted. So the list may hold any number of
 * forgotten ones of a check, and behind them at most one that lives.
 */
#ifndef HTTPBROKER_DELIVERY_OUTBOX_H
#define HTTPBROKER_DELIVERY_OUTBOX_H

#include "httpbroker/checks/checks.h"
#include "httpbroker/redis/commit.h"

struct outbox;

struct outbox *outbox_new(void);
void outbox_free(struct outbox *outbox);

/* How many events it holds at most; at first LIMIT_PENDING. */
void outbox_limit(struct outbox *outbox, size_t max);

/* From now on no records are written. */
void outbox_skip_records(struct outbox *outbox);

/* Whether it holds as many, or LIMIT_PENDING_BYTES of them: apply nothing new then. */
bool outbox_overflows(const struct outbox *outbox);

/* Where the next event is written: add exactly one argument. */
struct resp_list *outbox_push(struct outbox *outbox);

/* The commit that it goes with: for check->pushed_in, so that its record is not written before. */
uint32_t outbox_sequence(const struct outbox *outbox);

/* The check's record has to be written. The check must stay until outbox_forget(). */
void outbox_record(struct outbox *outbox, struct check *check);

/* Its record has to be deleted. Takes over the check, which is out of the table. */
void outbox_forget(struct outbox *outbox, struct check *check);

/* Redis has a record of the check; how many there are once the commit in flight is applied. */
void outbox_mark_recorded(struct outbox *outbox, struct check *check);
size_t outbox_recorded(const struct outbox *outbox);

/* Everything so far, and what of it is in Redis. */
struct watermarks outbox_watermarks(const struct outbox *outbox);
struct watermarks outbox_done(const struct outbox *outbox);

/*
 * Trims `count` events handed over (commit.h) together with what there is so far, or later. One at
 * a time: until then it is trimming.
 */
void outbox_trim(struct outbox *outbox, size_t count);
bool outbox_is_trimming(const struct outbox *outbox);

/* Whether nothing waits and nothing is in flight. */
bool outbox_is_empty(const struct outbox *outbox);

/* Whether the commit that is being gathered is full; the next event starts another. */
bool outbox_full(const struct outbox *outbox);

/*
 * The next commit, with its records; NULL if nothing waits but what is held up. `clock` is what to
 * add to the monotonic clock to get the broker clock. The commit stays the outbox's: call
 * outbox_applied() before the next one. What is then in its `refused` is held up.
 */
struct commit *outbox_take(struct outbox *outbox, nsec clock);
void outbox_applied(struct outbox *outbox, struct commit *commit);

/* Whether there is one. */
bool outbox_waits(const struct outbox *outbox);

/* The parts that are refused (enum commit_part). Tries them again. */
unsigned outbox_refused(const struct outbox *outbox);
void outbox_retry(struct outbox *outbox);

#endif
