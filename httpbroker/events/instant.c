/* SPDX-License-Identifier: MIT */
#include "httpbroker/events/instant.h"

struct instant instant_of(nsec wall)
{
	return (struct instant){
		.seconds = wall / NSEC_PER_SEC,
		.fraction = (uint16_t)(wall % NSEC_PER_SEC / NSEC_PER_MSEC + 1),
	};
}

int instant_compare(struct instant one, struct instant other)
{
	if (one.seconds != other.seconds)
		return one.seconds < other.seconds ? -1 : 1;
	if (one.fraction == 0 || other.fraction == 0)
		return 0;
	return (int)one.fraction - (int)other.fraction;
}
