/* SPDX-License-Identifier: MIT */
/*
 * What this program does: events from the input, through the feed, into the queue, and from its
 * head to the broker, one at a time and in order; until the input ends, the broker stays away
 * for too long, or a signal says so. Reading goes on while the broker is waited for.
 */
#ifndef HTTPBROKER_SUBMIT_SUBMIT_H
#define HTTPBROKER_SUBMIT_SUBMIT_H

#include "common/clocks.h"
#include "httpbroker/submit/delivery/sender.h"
#include "httpbroker/submit/feed/feed.h"
#include "httpbroker/submit/feed/input.h"

/* Bytes of events that wait at most: then reading pauses. An endless input gets the larger room,
 * for its writer may drop what does not fit into the pipe. */
#define SUBMIT_AHEAD_MOST ((size_t)1024 * 1024)
#define SUBMIT_AHEAD_MOST_ENDLESS ((size_t)64 * 1024 * 1024)

/* After SIGTERM, what is still to be sent may take this long. */
#define SUBMIT_STOP_LIMIT (5 * NSEC_PER_SEC)

struct submit_parts {
	struct input *input;
	struct feed *feed;
	struct sender *sender;
	nsec patience; /* with an absent broker; NSEC_NEVER: for ever */
	bool verbose;  /* log each accepted event, too */
};

/*
 * Runs to the end and returns the exit code: 0, EX_DATAERR (some were refused), EX_NOINPUT (a
 * read failed) or EX_UNAVAILABLE (some were not delivered). SIGTERM and SIGINT must be caught
 * (common/signals.h).
 */
int submit_run(const struct submit_parts *parts);

#endif
