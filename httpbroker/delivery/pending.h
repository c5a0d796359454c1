/* SPDX-License-Identifier: MIT */
/*
 * Where submissions wait: first until they can be judged (until it is known whether this broker
 * is the active one, and what Redis has of their checks), then until what became of them is in
 * Redis. It answers them, in the order in which they came; what it answers SUBMISSION_ACCEPTED goes
 * to the backlog.
 */
#ifndef HTTPBROKER_DELIVERY_PENDING_H
#define HTTPBROKER_DELIVERY_PENDING_H

#include "httpbroker/delivery/accepted.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/loader.h"
#include "httpbroker/delivery/submissions.h"

struct pending;

/* Nothing is owned. */
struct pending *pending_new(struct core *core, struct loader *loader, struct accepted *accepted);
void pending_free(struct pending *pending);

/* Takes in a list of submissions. */
void pending_add(struct pending *pending, struct submission *list, nsec now);

/*
 * Judges what can be, the backlog first: then a check that Redis may have and was not read yet is
 * wanted from the reader. Only while active.
 */
void pending_apply(struct pending *pending, struct moment now);

/* Answers those whose marks are reached. */
void pending_committed(struct pending *pending);

/*
 * Answers those that have waited for LIMIT_REDIS_WAIT, or all, because Redis is away. Where there
 * is a `refusal` (a constant) it drops them instead, but for those with submission->async.
 */
void pending_accept(struct pending *pending, bool all, const char *refusal, nsec now);

/* Refuses all that wait, or all of them without submission->async. `why` is a constant. */
void pending_drop(struct pending *pending, const char *why);
void pending_refuse(struct pending *pending, const char *why);

/* What was judged is to be judged again, against other core. */
void pending_reopen(struct pending *pending);

/* When pending_accept() will have something to do; 0: there is something to be gone on with. */
nsec pending_deadline(const struct pending *pending);

/* Whether nothing waits to be judged. */
bool pending_is_empty(const struct pending *pending);

/* How many submissions' events wait to be judged. */
size_t pending_count(const struct pending *pending);

#endif
