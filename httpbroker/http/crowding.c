/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/crowding.h"

#include <stdatomic.h>

enum overload_change overload_note(struct overload *overload, bool refused, nsec now)
{
	if (refused)
		return atomic_exchange(&overload->last, now) == 0 ? OVERLOAD_BEGINS : OVERLOAD_SAME;
	nsec last = atomic_load(&overload->last);
	if (last == 0 || now - last < OVERLOAD_QUIET)
		return OVERLOAD_SAME;
	return atomic_compare_exchange_strong(&overload->last, &last, 0) ? OVERLOAD_ENDS
									 : OVERLOAD_SAME;
}
