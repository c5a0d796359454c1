/* SPDX-License-Identifier: MIT */
/*
 * The intervals that nobody configures. All follow from max_latency, so that what watches for
 * seconds notices a lost room within seconds, and what watches for hours is quiet on the wire. The
 * manual lists them.
 */
#ifndef OOBETET_TIMING_H
#define OOBETET_TIMING_H

#include "common/clocks.h"

struct timing {
	nsec alive;     /* how often a hand says that it lives */
	nsec timeout;   /* how long it may say nothing before it is killed */
	nsec login;     /* from connecting to being logged in */
	nsec ping;      /* between two proofs that we are in a room */
	nsec answer;    /* how long a ping, a joining or a reflection may take */
	nsec request;   /* how long an HTTP request may take */
	nsec retry_min; /* after a failure: from this, doubling ... */
	nsec retry_max; /* ... to this */
	nsec record;    /* between two writings of the state file, of which each is a process */
};

struct timing timing_of(nsec max_latency);

/* How long one call of the resolver may take at worst: the hand that makes it says so before. */
#define TIMING_RESOLVER (60 * NSEC_PER_SEC)

#endif
