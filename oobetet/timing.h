/* SPDX-License-Identifier: MIT */
/*
 * The intervals without a key of their own. All follow from max_latency: with seconds, a lost room
 * is noticed within seconds; with hours, there is little traffic. The manual lists them.
 */
#ifndef OOBETET_TIMING_H
#define OOBETET_TIMING_H

#include "common/clocks.h"

struct timing {
	nsec alive;       /* between two `alive` messages of a worker */
	nsec timeout;     /* without such a message a worker is killed */
	nsec login;       /* from connecting to login */
	nsec ping;        /* between two pings of a room */
	nsec answer;      /* limit of a ping, a join and a receipt */
	nsec request;     /* limit of an HTTP request */
	nsec retry_min;   /* the first wait after a failure, which doubles ... */
	nsec retry_max;   /* ... up to this */
	nsec probe;       /* between two starts of a probe, on the average */
	nsec probe_limit; /* of a probe */
	nsec record;      /* between two writes of the state file, each by a process of its own */
};

struct timing timing_of(nsec max_latency);

/* Limit of one call of the resolver: a worker extends its deadline by it first. */
#define TIMING_RESOLVER (60 * NSEC_PER_SEC)

#endif
