/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/crowding.h"

#include <stdatomic.h>

enum crowding_change crowding_note(struct crowding *crowding, bool refused, nsec now)
{
	if (refused)
		return atomic_exchange(&crowding->last, now) == 0 ? CROWDING_BEGINS : CROWDING_SAME;
	nsec last = atomic_load(&crowding->last);
	if (last == 0 || now - last < CROWDING_QUIET)
		return CROWDING_SAME;
	return atomic_compare_exchange_strong(&crowding->last, &last, 0) ? CROWDING_ENDS
									 : CROWDING_SAME;
}
