/* SPDX-License-Identifier: MIT */
/* Now, on both clocks: handed to whatever judges by time, so that tests can make it up. */
#ifndef HTTPBROKER_MOMENT_H
#define HTTPBROKER_MOMENT_H

#include "common/clocks.h"

struct moment {
	nsec wall;      /* for stamps; may step */
	nsec monotonic; /* for deadlines */
};

static inline struct moment moment_now(void)
{
	return (struct moment){clock_wall(), clock_monotonic()};
}

#endif
