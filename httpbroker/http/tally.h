/* SPDX-License-Identifier: MIT */
/*
 * What has to be counted by looking at every state, for /health and /metrics, a shard of the table
 * at a time, so that nobody waits for long; what changes meanwhile may be counted as it was or as
 * it is. For /metrics it is done while the answer is sent. /health is for everybody: what was
 * counted is used again for a while, so that counting takes no more than a hundredth of the time.
 */
#ifndef HTTPBROKER_HTTP_TALLY_H
#define HTTPBROKER_HTTP_TALLY_H

#include "common/clocks.h"
#include "httpbroker/http/answer.h"
#include "httpbroker/states/states.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* After so long nobody waits for a check any more; somebody should have it forgotten. */
#define TALLY_LONG (7 * 24 * 3600 * NSEC_PER_SEC)

struct tally {
	uint64_t states;
	uint64_t stale;      /* of these */
	uint64_t stale_long; /* of these, for more than TALLY_LONG */
};

void tally_add(struct tally *tally, const struct state *state, nsec now);

enum { TALLY_SHARE = 100 };

/* What was counted last. All zero: nothing yet. */
struct tally_cache {
	pthread_mutex_t lock; /* for what follows */
	bool counting;        /* a thread does; the others use what there is */
	struct tally tally;
	nsec at;   /* when it was counted (monotonic) */
	nsec took; /* how long */
};

void tally_cache_init(struct tally_cache *cache);

/* Any thread: what was counted, now (monotonic) or not long ago; the number of states is of now. */
struct tally tally_recent(struct tally_cache *cache, struct states *states, nsec now);

/* Writes the end of the answer, with what was counted. */
typedef void tally_end(const struct tally *tally, struct buffer *out);

/* A stream of what the answer's body holds already, which it takes over, and that end. */
void tally_answer(struct states *states, struct answer *answer, tally_end *end);

#endif
