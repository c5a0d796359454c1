/* SPDX-License-Identifier: MIT */
/* The limits of httpbroker-notify, all documented; those with an option are its default. */
#ifndef HTTPBROKER_NOTIFY_LIMITS_H
#define HTTPBROKER_NOTIFY_LIMITS_H

#include "common/clocks.h"

enum {
	JOBS_MAX = 64,                /* commands that run at once */
	LIMIT_LINE = 1 << 20,         /* bytes of an event's JSON */
	LIMIT_TAKEN = 1000,           /* events that are taken from the queue at once, */
	LIMIT_TAKEN_BYTES = 16 << 20, /* and their bytes */
	LIMIT_WAITING = 100000,       /* notifications that wait for an output */
	LIMIT_PROBLEMS = 1000000,     /* checks that are not ok */
};

#define OUTPUT_PAUSE_MIN NSEC_PER_SEC /* after a failure of an output */
#define OUTPUT_PAUSE_MAX (30 * NSEC_PER_SEC)
#define OUTPUT_RETRY_MAX (60 * NSEC_PER_SEC) /* between two attempts of one notification */
#define COMMAND_LIMIT (30 * NSEC_PER_SEC)    /* a command runs no longer */

#endif
