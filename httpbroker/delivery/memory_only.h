/* SPDX-License-Identifier: MIT */
/*
 * The delivery where there is no Redis (--server none): states are judged, kept in memory and go
 * stale as ever, but what Flapjack would be told, and what Redis would keep, is dropped. So
 * nothing is ever waited for: what was judged is as good as committed.
 */
#ifndef HTTPBROKER_DELIVERY_MEMORY_ONLY_H
#define HTTPBROKER_DELIVERY_MEMORY_ONLY_H

#include "httpbroker/delivery/pending.h"
#include "httpbroker/delivery/status.h"

#include <stdatomic.h>

/* Nothing is owned. */
struct memory_only {
	struct submissions *submissions;
	struct core *core;
	struct pending *pending;
	struct status_board *board;
	const _Atomic nsec *stop_at; /* NSEC_NEVER: not stopping; else the inbox is closed */
};

/* The thread's work, until it is to stop and everything is answered. */
void memory_only_run(const struct memory_only *memory_only);

#endif
