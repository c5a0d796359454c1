/* SPDX-License-Identifier: MIT */
#include "oobetet/random.h"

#include "common/clocks.h"
#include "common/log.h"

#include <sys/random.h>

uint64_t random_draw(void)
{
	uint64_t seed = (uint64_t)clock_monotonic();

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0)
		log_debug("no random numbers yet");
	return seed;
}
