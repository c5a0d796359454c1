/* SPDX-License-Identifier: MIT */
/*
 * Clocks. Every time and duration is an `nsec`: nanoseconds in 64 bits, enough for 292 years.
 * Deadlines use the monotonic clock, time stamps the wall clock.
 */
#ifndef COMMON_CLOCKS_H
#define COMMON_CLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

typedef int64_t nsec;

#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_NEVER INT64_MAX /* a deadline that never comes */

/* The earlier of two; either may be NSEC_NEVER. */
nsec nsec_earlier(nsec a, nsec b);

/* Never steps; stops while the machine is suspended. */
nsec clock_monotonic(void);

/* The same at less cost, a few milliseconds behind. */
nsec clock_coarse(void);

/* As clock_monotonic(), but runs while the machine is suspended. */
nsec clock_boot(void);

/* Since the epoch (UTC); may step. */
nsec clock_wall(void);

/* The processor time that this thread has used. */
nsec clock_thread(void);

/* Now, on both clocks; an argument, so that tests choose it. */
struct moment {
	nsec wall;      /* for stamps; may step */
	nsec monotonic; /* for deadlines */
};

struct moment moment_now(void);

/*
 * The timeout for ppoll(2) until `deadline`, zero if it has passed: writes *out and returns it;
 * NULL (no timeout) for NSEC_NEVER.
 */
const struct timespec *clock_timeout(nsec now, nsec deadline, struct timespec *out);

/* The wall time as `2026-11-20 10:29:06 +0000`, local time with its offset from UTC. */
const char *clock_stamp(nsec wall, char *out, size_t size);

/*
 * Reads a time since the epoch as in RFC 3339 (and XEP-0082): `2026-11-20T10:29:06.5Z`, with any
 * offset, whose colon may be missing, and a blank in place of the T. False: it is none, or before
 * 1970 or after 2200.
 */
bool clock_parse(const char *text, nsec *wall);

#endif
