/* SPDX-License-Identifier: MIT */
/*
 * The broker's own figures, for GET /metrics: how many events, in which format, with which outcome.
 * Any thread counts and reads without waiting; figures that are read together may differ by what is
 * counted meanwhile.
 */
#ifndef HTTPBROKER_HTTP_COUNTERS_H
#define HTTPBROKER_HTTP_COUNTERS_H

#include "common/clocks.h"
#include "httpbroker/delivery/status.h"
#include "httpbroker/delivery/submissions.h"
#include "httpbroker/formats/format.h"

#include <stdbool.h>
#include <stdint.h>

/* The value of a label: `delivered`, `too_large`, … */
const char *outcome_name(enum outcome outcome);
bool outcome_is_success(enum outcome outcome);

/* What was removed from accepted events. */
enum dropped_field {
	DROPPED_KEY,            /* Flapjack would reject it */
	DROPPED_PERFDATA,       /* Flapjack 2 would exit */
	DROPPED_RECOVERY_DELAY, /* Flapjack 1 would reject it */
	DROPPED_SUMMARY,        /* the end of a long one */
	DROPPED_DETAILS,        /* the end of a long one */
	DROPPED_FIELDS
};

const char *dropped_name(enum dropped_field field);

struct counters;

struct counters *counters_new(void);
void counters_free(struct counters *counters);

/* `format`: NULL if it was not recognised. */
void counters_event(struct counters *counters, const struct format *format, enum outcome outcome,
	unsigned count);

/* How long a request took, from its end to the beginning of its response. */
void counters_request(struct counters *counters, nsec took);

/* The same of all requests; it lives as long as the counters. */
const struct histogram *counters_requests(const struct counters *counters);

/* Counts, and logs at debug level, what this Flapjack (1 or 2) will not see of an event. */
void dropped_count(struct counters *counters, const struct event *event, int flapjack);
void counters_dropped(struct counters *counters, enum dropped_field field, unsigned count);

/* The figures. `format` is a number below formats_count(), or formats_count() for none. */
uint64_t counters_events(const struct counters *counters, unsigned format, enum outcome outcome);
uint64_t counters_dropped_total(const struct counters *counters, enum dropped_field field);

/*
 * Whether events are refused because a limit is reached: over after OVERLOAD_QUIET without a
 * refusal.
 */
#define OVERLOAD_QUIET (10 * NSEC_PER_SEC)

struct overload {
	_Atomic nsec last; /* the last refusal (monotonic); 0: it is over, or never was */
};

enum overload_change { OVERLOAD_SAME, OVERLOAD_BEGINS, OVERLOAD_ENDS };

/* A request was handled; `refused`: an event of it was. */
enum overload_change overload_note(struct overload *overload, bool refused, nsec now);

/* The same for the broker's latch, which logs the beginning and the end. */
void overload_update(struct counters *counters, bool refused);

#endif
