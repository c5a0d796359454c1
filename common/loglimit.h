/* SPDX-License-Identifier: MIT */
/*
 * A limit for log lines that anybody on the network can cause: some at once, then a few a minute,
 * and with the next line the number of those that were left out. Any thread, and nobody waits.
 */
#ifndef COMMON_LOGLIMIT_H
#define COMMON_LOGLIMIT_H

#include "common/clocks.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { LOG_LIMIT_BURST = 10 };                 /* lines at once */
#define LOG_LIMIT_INTERVAL (10 * NSEC_PER_SEC) /* between further lines */

/* {0} is one that nothing was logged by. */
struct log_limit {
	_Atomic nsec next; /* when the burst would be as large as ever again (monotonic) */
	atomic_ulong left_out;
};

/* Whether a line may be logged now (monotonic); *left_out is how many could not since the last. */
bool log_limit_pass(struct log_limit *limit, nsec now, unsigned long *left_out);

/* " (N more like it were not logged)", or nothing for 0. Writes into `out` and returns it. */
enum { LOG_LIMIT_TEXT = 64 };
const char *log_limit_text(unsigned long left_out, char out[LOG_LIMIT_TEXT]);

#endif
