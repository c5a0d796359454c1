/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/heartbeat.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct heartbeat {
	const struct text_list *rooms;
	nsec interval;
	nsec next;
	bool in[LIST_MAX]; /* as the rooms are listed */
};

struct heartbeat *heartbeat_new(const struct text_list *rooms, nsec interval)
{
	struct heartbeat *heartbeat = memory_zeroed(1, sizeof *heartbeat);

	heartbeat->rooms = rooms;
	heartbeat->interval = interval;
	return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	free(heartbeat);
}

void heartbeat_hold(struct heartbeat *heartbeat, nsec start)
{
	heartbeat->next = start;
}

static void room_set(struct heartbeat *heartbeat, const char *room, bool in)
{
	for (int i = 0; heartbeat != NULL && i < heartbeat->rooms->count; i++)
		if (strcasecmp(heartbeat->rooms->item[i], room) == 0)
			heartbeat->in[i] = in;
}

void heartbeat_joined(struct heartbeat *heartbeat, const char *room)
{
	room_set(heartbeat, room, true);
}

void heartbeat_left(struct heartbeat *heartbeat, const char *room)
{
	room_set(heartbeat, room, false);
}

void heartbeat_lost(struct heartbeat *heartbeat)
{
	if (heartbeat != NULL)
		memset(heartbeat->in, 0, sizeof heartbeat->in);
}

static bool all_is_well(const struct heartbeat *heartbeat)
{
	for (int i = 0; i < heartbeat->rooms->count; i++)
		if (!heartbeat->in[i])
			return false;
	return true;
}

bool heartbeat_due(struct heartbeat *heartbeat, nsec now)
{
	if (now < heartbeat_deadline(heartbeat))
		return false;
	heartbeat->next = now + heartbeat->interval;
	return true;
}

nsec heartbeat_deadline(const struct heartbeat *heartbeat)
{
	return heartbeat != NULL && all_is_well(heartbeat) ? heartbeat->next : NSEC_NEVER;
}
