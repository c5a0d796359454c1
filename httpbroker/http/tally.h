/* SPDX-License-Identifier: MIT */
/*
 * What has to be counted by looking at every state, for /health and /metrics. It is done while the
 * answer is sent, a shard of the table at a time, so that nobody waits for long; what changes
 * meanwhile may be counted as it was or as it is.
 */
#ifndef HTTPBROKER_HTTP_TALLY_H
#define HTTPBROKER_HTTP_TALLY_H

#include "common/clocks.h"
#include "httpbroker/http/answer.h"
#include "httpbroker/states/states.h"

#include <stdint.h>

/* After so long nobody waits for a check any more; somebody should have it forgotten. */
#define TALLY_LONG (7 * 24 * 3600 * NSEC_PER_SEC)

struct tally {
	uint64_t states;
	uint64_t stale;      /* of these */
	uint64_t stale_long; /* of these, for more than TALLY_LONG */
};

void tally_add(struct tally *tally, const struct state *state, nsec now);

/* Writes the end of the answer, with what was counted. */
typedef void tally_end(const struct tally *tally, struct buffer *out);

/* A stream of what the answer's body holds already, which it takes over, and that end. */
void tally_answer(struct states *states, struct answer *answer, tally_end *end);

#endif
