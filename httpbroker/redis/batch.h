/* SPDX-License-Identifier: MIT */
/*
 * The key `httpbroker:NAME:batch`, which every commit sets: `NUMBER TOKEN CLOCK WALL`, and behind
 * it, by a commit that pushes, what the queue was right after that: `list`, if the push was
 * applied; any other type, if it was refused.
 *
 * NUMBER and TOKEN say which commit was the last to be applied, so that one whose answer was
 * lost can be looked up instead of being repeated. CLOCK is the broker clock (see record.h), so
 * that the next broker goes on where this one stopped.
 */
#ifndef HTTPBROKER_REDIS_BATCH_H
#define HTTPBROKER_REDIS_BATCH_H

#include "common/reason.h"

#include <stddef.h>
#include <stdint.h>

enum {
	BATCH_TOKEN = 16, /* hexadecimal digits */
	BATCH_TEXT = 112, /* bytes that hold any batch */
	BATCH_TYPE = 16,  /* bytes that hold a type's name */
};

#define BATCH_MAX (INT64_MAX / 4000000) /* of its numbers: as nanoseconds they can be added */

struct batch {
	int64_t number;
	char token[BATCH_TOKEN + 1]; /* chosen at random when a broker starts */
	int64_t clock;               /* milliseconds on the broker clock */
	int64_t wall;                /* milliseconds since the epoch */
	char queue[BATCH_TYPE];      /* its type; empty: nothing was pushed */
};

/* Writes into `out` and returns it. */
const char *batch_text(const struct batch *batch, char out[BATCH_TEXT]);

bool batch_read(const char *value, size_t length, struct batch *out, struct reason *why);

#endif
