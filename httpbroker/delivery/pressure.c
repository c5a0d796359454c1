/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/pressure.h"

enum pressure_change pressure_hear(struct pressure *pressure, int64_t length, nsec now)
{
	bool before = pressure->paused;

	if (length > pressure->most)
		pressure->paused = true;
	else if (length < pressure->most - pressure->most / 10)
		pressure->paused = false;
	if (pressure->paused == before)
		return PRESSURE_SAME;
	pressure->ask_at = now + pressure->interval;
	return pressure->paused ? PRESSURE_PAUSES : PRESSURE_RESUMES;
}

bool pressure_asks(const struct pressure *pressure, nsec now)
{
	return pressure->paused && now >= pressure->ask_at;
}

void pressure_asked(struct pressure *pressure, nsec now)
{
	pressure->ask_at = now + pressure->interval;
}
