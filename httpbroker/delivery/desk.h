/* SPDX-License-Identifier: MIT */
/*
 * Where submissions wait: first until they can be judged (until it is known whether this broker
 * is the active one, and what Redis has of their checks), then until what became of them is in
 * Redis. It answers them, in the order in which they came; what it answers SUBMISSION_KEPT goes
 * to the backlog.
 */
#ifndef HTTPBROKER_DELIVERY_DESK_H
#define HTTPBROKER_DELIVERY_DESK_H

#include "httpbroker/delivery/backlog.h"
#include "httpbroker/delivery/books.h"
#include "httpbroker/delivery/inbox.h"
#include "httpbroker/delivery/reader.h"

struct desk;

/* Nothing is owned. */
struct desk *desk_new(struct books *books, struct reader *reader, struct backlog *backlog);
void desk_free(struct desk *desk);

/* Takes in a list of submissions. */
void desk_take(struct desk *desk, struct submission *list, nsec now);

/*
 * Judges what can be, the backlog first: then a check that Redis may have and was not read yet is
 * wanted from the reader. Only while active.
 */
void desk_judge(struct desk *desk, struct moment now);

/* Answers those whose marks are reached. */
void desk_commit(struct desk *desk);

/*
 * Answers those that have waited for LIMIT_REDIS_WAIT, or all, because Redis is away. Where there
 * is a `refusal` (a constant) it drops them instead, but for those with submission->async.
 */
void desk_keep(struct desk *desk, bool all, const char *refusal, nsec now);

/* Refuses all that wait, or all of them without submission->async. `why` is a constant. */
void desk_drop(struct desk *desk, const char *why);
void desk_refuse(struct desk *desk, const char *why);

/* What was judged is to be judged again, against other books. */
void desk_reopen(struct desk *desk);

/* When desk_keep() will have something to do; 0: there is something to be gone on with. */
nsec desk_deadline(const struct desk *desk);

/* Whether nothing waits to be judged. */
bool desk_is_empty(const struct desk *desk);

/* How many submissions' events wait to be judged. */
size_t desk_count(const struct desk *desk);

#endif
