/* SPDX-License-Identifier: MIT */
#include "common/clocks.h"

nsec nsec_earlier(nsec a, nsec b)
{
	return a < b ? a : b;
}

static nsec clock_read(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (nsec)t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

nsec clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

nsec clock_coarse(void)
{
	return clock_read(CLOCK_MONOTONIC_COARSE);
}

nsec clock_boot(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

nsec clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

struct moment moment_now(void)
{
	return (struct moment){.wall = clock_wall(), .monotonic = clock_monotonic()};
}

const struct timespec *clock_timeout(nsec now, nsec deadline, struct timespec *out)
{
	if (deadline == NSEC_NEVER)
		return NULL;
	nsec left = deadline > now ? deadline - now : 0;
	out->tv_sec = (time_t)(left / NSEC_PER_SEC);
	out->tv_nsec = (long)(left % NSEC_PER_SEC);
	return out;
}

const char *clock_stamp(nsec wall, char *out, size_t size)
{
	time_t seconds = (time_t)(wall / NSEC_PER_SEC);
	struct tm local;

	if (localtime_r(&seconds, &local) == NULL ||
		strftime(out, size, "%Y-%m-%d %H:%M:%S %z", &local) == 0)
		out[0] = '\0';
	return out;
}
