/* SPDX-License-Identifier: MIT */
#include "common/clocks.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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

nsec clock_thread(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
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

/* Reads `.5`, up to nanoseconds; returns the rest. */
static const char *fraction_read(const char *text, nsec *fraction)
{
	*fraction = 0;
	if (*text != '.')
		return text;
	text++;
	for (nsec digit = NSEC_PER_SEC / 10; *text >= '0' && *text <= '9'; text++, digit /= 10)
		*fraction += (*text - '0') * digit;
	return text;
}

/* Two digits up to `max`; -1: none. */
static int pair_read(const char *text, int max)
{
	if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]))
		return -1;
	int pair = 10 * (text[0] - '0') + text[1] - '0';
	return pair <= max ? pair : -1;
}

/* `Z`, `+0100` or `+01:00`, up to the end. */
static bool offset_read(const char *text, nsec *out)
{
	if (strcasecmp(text, "Z") == 0) {
		*out = 0;
		return true;
	}
	int sign = text[0] == '-' ? -1 : 1;
	int hours = text[0] == '+' || text[0] == '-' ? pair_read(text + 1, 23) : -1;
	if (hours < 0)
		return false;
	const char *rest = text[3] == ':' ? text + 4 : text + 3;
	int minutes = pair_read(rest, 59);
	if (minutes < 0 || rest[2] != '\0')
		return false;
	*out = sign * (60 * hours + minutes) * 60 * NSEC_PER_SEC;
	return true;
}

bool clock_parse(const char *text, nsec *wall)
{
	struct tm utc = {.tm_isdst = 0};
	nsec fraction, offset;
	const char *rest = strptime(text, "%Y-%m-%d", &utc);

	if (rest == NULL || *rest == '\0' || strchr("Tt ", *rest) == NULL)
		return false;
	rest = strptime(rest + 1, "%H:%M:%S", &utc);
	if (rest == NULL || utc.tm_year < 70 || utc.tm_year > 300 ||
		!offset_read(fraction_read(rest, &fraction), &offset))
		return false;
	*wall = (nsec)timegm(&utc) * NSEC_PER_SEC + fraction - offset;
	return *wall >= 0;
}
