/* SPDX-License-Identifier: MIT */
#include "common/random.h"

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
