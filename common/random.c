/* SPDX-License-Identifier: MIT */
#include "common/random.h"

#include "common/clocks.h"
#include "common/log.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

void random_bytes(void *out, size_t size)
{
	if (getentropy(out, size) != 0)
		die(EX_OSERR, "cannot get random numbers: %s", strerror(errno));
}

uint32_t random_number(void)
{
	uint32_t number;

	random_bytes(&number, sizeof number);
	return number;
}

uint64_t random_seed(void)
{
	uint64_t seed = (uint64_t)clock_monotonic();

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0)
		log_debug("no random numbers yet: using the time");
	return seed;
}
