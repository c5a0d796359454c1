/* SPDX-License-Identifier: MIT */
/*
 * Submissions that wait: first until they can be applied (the role is known, and the records of
 * their checks are loaded), then until the result is in Redis. It ends them in order of arrival.
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

void pending_add(struct pending *pending, struct submission *list, nsec now);

/* Applies what can be, accepted events first, and prefetches missing records. Only while active. */
void pending_apply(struct pending *pending, struct moment now);

/* With Sentinel; without it, all that is done is confirmed, and none of it is kept. */
struct confirmation {
	bool confirmed;              /* a replica has what is done */
	bool keeps;                  /* what is confirmed is kept as well */
	struct watermarks kept_from; /* events up to here are dropped, later ones kept */
};

/*
 * Ends those whose watermarks are reached: as accepted where that is not confirmed. Their events
 * are accepted ones then, or if they are kept, until `kept_from` has passed them.
 */
void pending_committed(struct pending *pending, const struct confirmation *confirmation);

/*
 * Moves those that have waited for LIMIT_REDIS_WAIT, or all, to the accepted ones. With a `refusal`
 * (a constant) it drops them instead, except those with submission->async.
 */
void pending_accept(struct pending *pending, bool all, const char *refusal, nsec now);

/* Drops all, or all without submission->async. `why` is a constant. */
void pending_drop(struct pending *pending, const char *why);
void pending_refuse(struct pending *pending, const char *why);

/* All are to be applied again, to an empty core. */
void pending_reopen(struct pending *pending);

/* When pending_accept() has something to do; 0: pending_apply() has. */
nsec pending_deadline(const struct pending *pending);

/* Whether nothing waits to be applied; how many events do. */
bool pending_is_empty(const struct pending *pending);
size_t pending_count(const struct pending *pending);

#endif
