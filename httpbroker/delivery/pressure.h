/* SPDX-License-Identifier: MIT */
/*
 * Back-pressure: when nobody takes what is in the queue, repeats pause, until enough of it is
 * gone. Changes go on. Pure: lengths and time go in.
 */
#ifndef HTTPBROKER_DELIVERY_PRESSURE_H
#define HTTPBROKER_DELIVERY_PRESSURE_H

#include "common/clocks.h"

#include <stdbool.h>

struct backpressure {
	int64_t max;   /* events in the queue, above which repeats pause */
	nsec interval; /* so often the length is asked for then */
	bool paused;
	nsec ask_at;
};

enum backpressure_change { PRESSURE_SAME, PRESSURE_PAUSES, PRESSURE_RESUMES };

/* So long is the queue now. */
enum backpressure_change backpressure_hear(
	struct backpressure *backpressure, int64_t length, nsec now);

/* Whether, while they pause, the length is to be asked for; and that it is. */
bool backpressure_asks(const struct backpressure *backpressure, nsec now);
void backpressure_asked(struct backpressure *backpressure, nsec now);

#endif
