/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations from 0.25 ms to 5 s. Any thread adds and reads without a lock: counts
 * that are read together may differ by what is being added.
 */
#ifndef HTTPBROKER_DELIVERY_STATUS_H
#define HTTPBROKER_DELIVERY_STATUS_H

#include "common/clocks.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 14 };

/* All zero at first. */
struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last is beyond all bounds */
	_Atomic uint64_t sum;                          /* nanoseconds */
};

void histogram_add(struct histogram *histogram, nsec took);

/* The inclusive upper bound of the n-th count. */
nsec histogram_bound(unsigned number);

/*
 * The condition of the delivery, for /health and the metrics, and two conditions of Redis: the
 * length of the queue and the eviction policy. Pure: replies and the time go in.
 */

enum delivery_role {
	DELIVERY_STARTS,    /* the role is not known yet */
	DELIVERY_ACTIVE,    /* takes events and repeats them */
	DELIVERY_STANDS_BY, /* another broker of the same name is active */
};

/* The role in a word: starting, active, standby. */
const char *delivery_role_name(enum delivery_role role);

struct delivery_status {
	enum delivery_role role;
	nsec role_since;  /* monotonic */
	nsec outlived_at; /* when another broker may have taken over (session.h) */

	bool memory_only;     /* there is no Redis: the rest says nothing of it */
	bool output;          /* there is an output in its place */
	bool output_up;       /* and it takes events */
	nsec output_since;    /* monotonic: since when that is so, or is not */
	char output_why[240]; /* why it is not up, with its name; empty if it is */
	bool redis_up;        /* it answers and applies what it is sent */
	nsec redis_since;     /* monotonic: since when that is so, or is not */
	char redis_why[128];  /* why it is not up; empty if it is */
	bool sentinel;        /* commits are to be confirmed by a replica */
	bool replicated;      /* with that, on an active broker: one has what was written last */
	int64_t queue_length; /* the last known; -1: unknown */
	bool repeats_paused;  /* the queue is too long */
	bool loading;         /* records are being loaded from Redis */

	uint64_t handed_older;      /* events handed over that were older than what was known */
	uint64_t handed_unreadable; /* and those that could not be read */

	uint64_t pending; /* events that wait for Redis or the output */
	uint64_t pushed;  /* events that Redis or the output has taken, since the start */
	uint64_t repeats; /* since the start */
};

/* Back-pressure: above `max` events in the queue repeats pause, below 90 % of it they resume. */
struct backpressure {
	int64_t max;
	nsec interval; /* between the queries for the length, while they pause */
	bool paused;
	nsec ask_at;
};

enum backpressure_change { PRESSURE_SAME, PRESSURE_PAUSES, PRESSURE_RESUMES };

enum backpressure_change backpressure_update(
	struct backpressure *backpressure, int64_t length, nsec now);

/* Whether the length has to be queried; true once an interval. */
bool backpressure_asks(struct backpressure *backpressure, nsec now);

/* Whether Redis may delete keys to make room: its maxmemory-policy, queried every 10 minutes. */
#define EVICTION_ASKED (600 * NSEC_PER_SEC)

enum { EVICTION_POLICY = 32 }; /* bytes that hold a policy's name, or what is shown of it */

struct eviction {
	nsec ask_at; /* 0: at once */
	bool evicts; /* by the last reply */
};

enum eviction_change { EVICTION_SAME, EVICTION_BEGINS, EVICTION_ENDS };

/* Reads the reply to INFO memory into `policy`. One without a policy changes nothing. */
enum eviction_change eviction_update(
	struct eviction *eviction, const char *info, char policy[EVICTION_POLICY], nsec now);

#endif
