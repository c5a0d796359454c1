/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/pressure.h"

enum backpressure_change backpressure_hear(
	struct backpressure *backpressure, int64_t length, nsec now)
{
	bool before = backpressure->paused;

	if (length > backpressure->max)
		backpressure->paused = true;
	else if (length < backpressure->max - backpressure->max / 10)
		backpressure->paused = false;
	if (backpressure->paused == before)
		return PRESSURE_SAME;
	backpressure->ask_at = now + backpressure->interval;
	return backpressure->paused ? PRESSURE_PAUSES : PRESSURE_RESUMES;
}

bool backpressure_asks(const struct backpressure *backpressure, nsec now)
{
	return backpressure->paused && now >= backpressure->ask_at;
}

void backpressure_asked(struct backpressure *backpressure, nsec now)
{
	backpressure->ask_at = now + backpressure->interval;
}
