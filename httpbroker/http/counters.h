/* SPDX-License-Identifier: MIT */
/*
 * How many events came, in which format, and what became of each: for /metrics. Any thread may
 * count and read, and nobody waits; figures that are read together may differ by what is being
 * counted meanwhile.
 */
#ifndef HTTPBROKER_HTTP_COUNTERS_H
#define HTTPBROKER_HTTP_COUNTERS_H

#include "common/clocks.h"
#include "httpbroker/delivery/histogram.h"
#include "httpbroker/formats/format.h"

#include <stdbool.h>
#include <stdint.h>

/* What becomes of an event; of a document, where none could be made of it. */
enum outcome {
	/* accepted */
	OUTCOME_DELIVERED, /* in Redis */
	OUTCOME_KEPT,      /* in memory, while Redis is away */
	OUTCOME_OLDER,     /* but changes nothing: what is remembered of its check is newer */
	OUTCOME_TEST,      /* a service tries its channel: no event */
	OUTCOME_MERGED,    /* something worse of the same check was in the same document */
	OUTCOME_NOTED,     /* read, and there is no event in it */
	OUTCOME_UNTOLD,    /* no state, and there is nobody to be told of it */
	/* refused */
	OUTCOME_TOO_LARGE, /* a body, or too many events in one */
	OUTCOME_SYNTAX,    /* no JSON, or none that is taken */
	OUTCOME_SHAPE,     /* JSON, but of no known format */
	OUTCOME_INVALID,   /* of a known format, but a key is wrong */
	OUTCOME_FORBIDDEN, /* the token is not good for its entity */
	OUTCOME_FULL,      /* too many checks, or too much that waits for Redis */
	OUTCOME_STOPPING,  /* the broker ends, or another is active */
	OUTCOME_LATER,     /* what is needed to believe it cannot be fetched now */
	OUTCOMES
};

/* The word for it, for a label: `delivered`, `too_large`, … */
const char *outcome_name(enum outcome outcome);
bool outcome_is_accepted(enum outcome outcome);

/* What was taken out of events that were accepted. */
enum dropped_field {
	DROPPED_KEY,            /* one that Flapjack would reject */
	DROPPED_PERFDATA,       /* which would end a Flapjack 2 */
	DROPPED_RECOVERY_DELAY, /* which Flapjack 1 would reject */
	DROPPED_SUMMARY,        /* the end of a long one */
	DROPPED_DETAILS,        /* the end of a long one */
	DROPPED_FIELDS
};

const char *dropped_name(enum dropped_field what);

struct counters;

struct counters *counters_new(void);
void counters_free(struct counters *counters);

/* `format`: NULL if it was not recognised. */
void counters_event(struct counters *counters, const struct format *format, enum outcome outcome,
	unsigned count);

/* What became of events for want of room. */
struct overload *counters_overload(struct counters *counters);

/* How long a request took, from its end to the beginning of its answer. */
void counters_request(struct counters *counters, nsec took);

/* Counts, and says at debug level, what this Flapjack (1 or 2) will not see of an event. */
void dropped_count(struct counters *counters, const struct event *event, int flapjack);
void counters_dropped(struct counters *counters, enum dropped_field what, unsigned count);

/* The figures. `format` is a number below formats_count(), or formats_count() for none. */
uint64_t counters_events(const struct counters *counters, unsigned format, enum outcome outcome);
uint64_t counters_dropped_total(const struct counters *counters, enum dropped_field what);
const struct histogram *counters_requests(const struct counters *counters);

/*
 * Whether events are refused for want of room: to be told once, and once when that is over, which
 * it is when none was for a while. Any thread may note, and nobody waits.
 */

#define OVERLOAD_QUIET (10 * NSEC_PER_SEC) /* without a refusal, then it is over */

struct overload {
	_Atomic nsec last; /* when one was refused (monotonic); 0: it is over, or never was */
};

enum overload_change { OVERLOAD_SAME, OVERLOAD_BEGINS, OVERLOAD_ENDS };

/* A request was judged; `refused`: there was no room for an event of it. */
enum overload_change overload_note(struct overload *overload, bool refused, nsec now);

#endif
