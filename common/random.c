/* SPDX-License-Identifier: MIT */
#include "common/random.h"

#include "common/clocks.h"
#include "common/log.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

uint32_t random_number(void)
{
	uint32_t number;

	while (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		if (errno != EINTR)
			die(EX_OSERR, "cannot get random numbers: %s", strerror(errno));
	return number;
}

uint64_t random_seed(void)
{
	uint64_t seed = (uint64_t)clock_monotonic();

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0)
		log_debug("no random numbers yet: using the time");
	return seed;
}
