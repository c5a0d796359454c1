/* SPDX-License-Identifier: MIT */
#include "common/backoff.h"

nsec backoff_wait(struct backoff *backoff, uint32_t chance)
{
	nsec step = backoff->next != 0 ? backoff->next : backoff->min;
	nsec jitter = (nsec)((double)step / 4 * ((double)chance / UINT32_MAX));

	backoff->next = step > backoff->max / 2 ? backoff->max : step * 2;
	return step - jitter;
}

void backoff_reset(struct backoff *backoff)
{
	backoff->next = 0;
}
