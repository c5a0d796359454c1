/* SPDX-License-Identifier: MIT */
/*
 * The clocks. Every time and every span in this project is an `nsec`: nanoseconds in 64 bits,
 * which lasts for 292 years. Waiting is done on the monotonic clock, stamping on the wall clock.
 */
#ifndef COMMON_CLOCKS_H
#define COMMON_CLOCKS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

typedef int64_t nsec;

#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_NEVER INT64_MAX /* a deadline that never comes */

/* The earlier of two; that of a time and NSEC_NEVER is the time. */
nsec nsec_earlier(nsec a, nsec b);

/* Since some fixed moment; stands still while the machine is suspended; never steps. */
nsec clock_monotonic(void);

/* The same for less, and behind by a few milliseconds: when that was the last tick came. */
nsec clock_coarse(void);

/* As clock_monotonic(), but goes on while the machine is suspended. */
nsec clock_boot(void);

/* Since the epoch (UTC); steps when somebody sets it. */
nsec clock_wall(void);

/* Now, on both clocks: handed to whatever judges by time, so that tests can make it up. */
struct moment {
	nsec wall;      /* for stamps; may step */
	nsec monotonic; /* for deadlines */
};

struct moment moment_now(void);

/*
 * What to hand to ppoll(2) to sleep until `deadline` on the same clock as `now`: writes *out and
 * returns it, zero if the deadline has passed; returns NULL (no limit) for NSEC_NEVER.
 */
const struct timespec *clock_timeout(nsec now, nsec deadline, struct timespec *out);

/* The wall time as `2026-11-20 10:29:06 +0000`, local time with its offset from UTC. */
const char *clock_stamp(nsec wall, char *out, size_t size);

#endif
