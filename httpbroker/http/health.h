/* SPDX-License-Identifier: MIT */
/*
 * Counting all checks for /health and /metrics, a shard of the table at a time, so that no lock is
 * held for long; a check that changes meanwhile counts as it was or as it is. /metrics counts while
 * it is sent. /health is open to everybody: it reuses a count, so that counting takes at most a
 * hundredth of the time.
 */
#ifndef HTTPBROKER_HTTP_HEALTH_H
#define HTTPBROKER_HTTP_HEALTH_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/delivery/status.h"
#include "httpbroker/http/response.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A check that is stale for so long is probably gone, and should be deleted. */
#define STATE_COUNTS_LONG (7 * 24 * 3600 * NSEC_PER_SEC)

struct counts {
	uint64_t checks;
	uint64_t stale;      /* of these */
	uint64_t stale_long; /* of these, for more than STATE_COUNTS_LONG */
};

enum { STATE_COUNTS_SHARE = 100 };

/* The last count. */
struct state_counts_cache {
	pthread_mutex_t lock; /* of what follows */
	bool counting;        /* one thread counts; the others use the last count */
	struct counts counts;
	nsec at;   /* when it was counted (monotonic) */
	nsec took; /* how long */
};

void state_counts_cache_init(struct state_counts_cache *cache);

/* Any thread: a recent count; the number of checks is of `now` (monotonic). */
struct counts state_counts_recent(
	struct state_counts_cache *cache, struct checks *checks, nsec now);

/* Appends the end of the body, with the count. */
typedef void state_counts_end(const struct counts *counts, struct buffer *out);

/* Makes the response a stream: what its body holds already, then that end. */
void state_counts_stream(struct checks *checks, struct response *response, state_counts_end *end);

/* Whether posted events reach Flapjack: since when, or the first reason why they do not. */
struct health {
	char why[256]; /* empty: healthy */
	nsec since;    /* monotonic */
};

/* Whether status->replicated says anything: with Sentinel, on the active broker. */
bool replication_is_known(const struct delivery_status *status);

struct health health_of(const struct delivery_status *status, bool stopping, nsec now);

#endif
