/* SPDX-License-Identifier: MIT */
/*
 * What has to be counted by looking at every state, for /health and /metrics, a shard of the table
 * at a time, so that nobody waits for long; what changes meanwhile may be counted as it was or as
 * it is. For /metrics it is done while the answer is sent. /health is for everybody: what was
 * counted is used again for a while, so that counting takes no more than a hundredth of the time.
 */
#ifndef HTTPBROKER_HTTP_HEALTH_H
#define HTTPBROKER_HTTP_HEALTH_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/http/response.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* After so long nobody waits for a check any more; somebody should have it forgotten. */
#define STATE_COUNTS_LONG (7 * 24 * 3600 * NSEC_PER_SEC)

struct counts {
	uint64_t checks;
	uint64_t stale;      /* of these */
	uint64_t stale_long; /* of these, for more than STATE_COUNTS_LONG */
};

void state_counts_add(struct counts *counts, const struct check *check, nsec now);

enum { STATE_COUNTS_SHARE = 100 };

/* What was counted last. All zero: nothing yet. */
struct state_counts_cache {
	pthread_mutex_t lock; /* for what follows */
	bool counting;        /* a thread does; the others use what there is */
	struct counts counts;
	nsec at;   /* when it was counted (monotonic) */
	nsec took; /* how long */
};

void state_counts_cache_init(struct state_counts_cache *cache);

/* Any thread: what was counted, now (monotonic) or not long ago; the number of states is of now. */
struct counts state_counts_recent(
	struct state_counts_cache *cache, struct checks *checks, nsec now);

/* Writes the end of the answer, with what was counted. */
typedef void state_counts_end(const struct counts *counts, struct buffer *out);

/* A stream of what the answer's body holds already, which it takes over, and that end. */
void state_counts_answer(struct checks *checks, struct response *answer, state_counts_end *end);

#endif
