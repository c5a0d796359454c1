/* SPDX-License-Identifier: MIT */
/*
 * How many events came, in which format, and what became of each: for /metrics. Any thread may
 * count and read, and nobody waits; figures that are read together may differ by what is being
 * counted meanwhile.
 */
#ifndef HTTPBROKER_HTTP_COUNTERS_H
#define HTTPBROKER_HTTP_COUNTERS_H

#include "httpbroker/delivery/histogram.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/http/crowding.h"

#include <stdbool.h>
#include <stdint.h>

/* What becomes of an event; of a document, where none could be made of it. */
enum fate {
	/* accepted */
	FATE_DELIVERED, /* in Redis */
	FATE_KEPT,      /* in memory, while Redis is away */
	FATE_OLDER,     /* but changes nothing: what is remembered of its check is newer */
	FATE_TEST,      /* a service tries its channel: no event */
	FATE_MERGED,    /* something worse of the same check was in the same document */
	FATE_NOTED,     /* read, and there is no event in it */
	FATE_UNTOLD,    /* no state, and there is nobody to be told of it */
	/* refused */
	FATE_TOO_LARGE, /* a body, or too many events in one */
	FATE_SYNTAX,    /* no JSON, or none that is taken */
	FATE_SHAPE,     /* JSON, but of no known format */
	FATE_INVALID,   /* of a known format, but a key is wrong */
	FATE_FORBIDDEN, /* the token is not good for its entity */
	FATE_FULL,      /* too many checks, or too much that waits for Redis */
	FATE_STOPPING,  /* the broker ends, or another is active */
	FATE_LATER,     /* what is needed to believe it cannot be fetched now */
	FATES
};

/* The word for it, for a label: `delivered`, `too_large`, … */
const char *fate_name(enum fate fate);
bool fate_is_accepted(enum fate fate);

/* What was taken out of events that were accepted. */
enum left_out {
	LEFT_OUT_KEY,            /* one that Flapjack would reject */
	LEFT_OUT_PERFDATA,       /* which would end a Flapjack 2 */
	LEFT_OUT_RECOVERY_DELAY, /* which Flapjack 1 would reject */
	LEFT_OUT_SUMMARY,        /* the end of a long one */
	LEFT_OUT_DETAILS,        /* the end of a long one */
	LEFT_OUTS
};

const char *left_out_name(enum left_out what);

struct counters;

struct counters *counters_new(void);
void counters_free(struct counters *counters);

/* `format`: NULL if it was not recognised. */
void counters_event(
	struct counters *counters, const struct format *format, enum fate fate, unsigned count);

/* What became of events for want of room. */
struct crowding *counters_crowding(struct counters *counters);

/* How long a request took, from its end to the beginning of its answer. */
void counters_request(struct counters *counters, nsec took);

/* Counts, and says at debug level, what this Flapjack (1 or 2) will not see of an event. */
void left_out_count(struct counters *counters, const struct event *event, int flapjack);
void counters_left_out(struct counters *counters, enum left_out what, unsigned count);

/* The figures. `format` is a number below formats_count(), or formats_count() for none. */
uint64_t counters_events(const struct counters *counters, unsigned format, enum fate fate);
uint64_t counters_left_outs(const struct counters *counters, enum left_out what);
const struct histogram *counters_requests(const struct counters *counters);

#endif
