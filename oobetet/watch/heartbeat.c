/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/heartbeat.h"

bool heartbeat_due(struct heartbeat *heartbeat, nsec now)
{
	if (now < heartbeat_deadline(heartbeat))
		return false;
	heartbeat->next = now + heartbeat->interval;
	return true;
}

nsec heartbeat_deadline(const struct heartbeat *heartbeat)
{
	return heartbeat->interval > 0 && rooms_all_joined(heartbeat->rooms) ? heartbeat->next
									     : NSEC_NEVER;
}
