/* SPDX-License-Identifier: MIT */
/*
 * The main loop: events from a source (or a single one) go into a queue, and from its head to the
 * broker, batch by batch and in order, until the source ends, the broker is unreachable for too
 * long, or a signal arrives. Reading goes on while the broker is unreachable. Events of the spool
 * go first; events that cannot be sent go into it.
 */
#ifndef HTTPBROKER_SUBMIT_LOOP_H
#define HTTPBROKER_SUBMIT_LOOP_H

#include "common/clocks.h"
#include "httpbroker/submit/sender.h"
#include "httpbroker/submit/source.h"
#include "httpbroker/submit/spool.h"

/* The time to send the rest after SIGTERM. */
#define SUBMIT_STOP_LIMIT (5 * NSEC_PER_SEC)

struct submit_parts {
	struct source *source; /* NULL: only the event below */
	const char *event;     /* one JSON object; NULL: none */
	bool timeless;         /* the event has no time */
	struct sender *sender;
	struct spool *spool; /* NULL: none */
	bool spoolless;      /* there should be one that keeps events, and there is none */
	nsec retry_limit;    /* how long to retry; NSEC_NEVER: forever */
	size_t batch;        /* events a request, at most */
	bool verbose;        /* log each accepted event, too */
};

/*
 * Runs to the end and returns the exit code: 0, EX_DATAERR (some were refused), EX_NOINPUT (a
 * read failed), EX_UNAVAILABLE (some were not delivered), EX_TEMPFAIL (some are in the spool) or
 * EX_CANTCREAT (the spool cannot be used).
 * SIGTERM, SIGINT and SIGHUP must be caught (common/signals.h), unless they are ignored.
 */
int submit_run(const struct submit_parts *parts);

#endif
