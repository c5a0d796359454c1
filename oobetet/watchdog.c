/* SPDX-License-Identifier: MIT */
#include "oobetet/watchdog.h"

#include "common/number.h"

#include <stdlib.h>
#include <unistd.h>

#define NSEC_PER_USEC 1000
#define USEC_MAX (INT64_MAX / NSEC_PER_USEC)

struct watchdog watchdog_of(const char *usec, const char *pid, int64_t self)
{
	struct watchdog watchdog = {0, 0};
	struct reason ignored;
	int64_t limit, meant = self;

	if (usec == NULL || !number_parse(usec, 2, USEC_MAX, &limit, &ignored))
		return watchdog;
	if (pid != NULL && (!number_parse(pid, 1, INT64_MAX, &meant, &ignored) || meant != self))
		return watchdog;
	watchdog.interval = limit * NSEC_PER_USEC / 2;
	return watchdog;
}

struct watchdog watchdog_asked(void)
{
	return watchdog_of(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), (int64_t)getpid());
}

bool watchdog_due(struct watchdog *watchdog, bool progress, nsec now)
{
	if (now < watchdog_deadline(watchdog))
		return false;
	watchdog->next = now + watchdog->interval;
	return progress;
}

nsec watchdog_deadline(const struct watchdog *watchdog)
{
	return watchdog->interval > 0 ? watchdog->next : NSEC_NEVER;
}
