/* SPDX-License-Identifier: MIT */
/*
 * What this program does: events from a source (or one that is given) into a queue, and from its
 * head to the broker, batch by batch and in order; until the source ends, the broker stays away
 * for too long, or a signal says so. Reading goes on while the broker is waited for. Where there
 * is a spool, its events go first, and what cannot be sent goes into it.
 */
#ifndef HTTPBROKER_SUBMIT_LOOP_H
#define HTTPBROKER_SUBMIT_LOOP_H

#include "common/clocks.h"
#include "httpbroker/submit/sender.h"
#include "httpbroker/submit/source.h"
#include "httpbroker/submit/spool.h"

/* After SIGTERM, what is still to be sent may take this long. */
#define SUBMIT_STOP_LIMIT (5 * NSEC_PER_SEC)

struct submit_parts {
	struct source *source; /* NULL: the event below is all there is */
	const char *event;     /* one JSON object; NULL: none */
	bool timeless;         /* the event says nothing of its time */
	struct sender *sender;
	struct spool *spool; /* NULL: none */
	bool spoolless;      /* there should be one, and it cannot be opened */
	nsec retry_limit;    /* with an absent broker; NSEC_NEVER: for ever */
	size_t batch;        /* events a request, at most */
	bool verbose;        /* log each accepted event, too */
};

/*
 * Runs to the end and returns the exit code: 0, EX_DATAERR (some were refused), EX_NOINPUT (a
 * read failed), EX_UNAVAILABLE (some were not delivered), EX_TEMPFAIL (some are in the spool) or
 * EX_CANTCREAT (there is no spool, and should be).
 * SIGTERM, SIGINT and SIGHUP must be caught (common/signals.h), unless they are ignored.
 */
int submit_run(const struct submit_parts *parts);

#endif
