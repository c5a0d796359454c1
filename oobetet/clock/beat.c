/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/beat.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct beat {
	const struct text_list *rooms;
	nsec interval;
	nsec next;
	bool in[LIST_MAX]; /* as the rooms are listed */
};

struct beat *beat_new(const struct text_list *rooms, nsec interval)
{
	struct beat *beat = memory_zeroed(1, sizeof *beat);

	beat->rooms = rooms;
	beat->interval = interval;
	return beat;
}

void beat_free(struct beat *beat)
{
	free(beat);
}

void beat_hold(struct beat *beat, nsec start)
{
	beat->next = start;
}

static void room_set(struct beat *beat, const char *room, bool in)
{
	for (int i = 0; beat != NULL && i < beat->rooms->count; i++)
		if (strcasecmp(beat->rooms->item[i], room) == 0)
			beat->in[i] = in;
}

void beat_joined(struct beat *beat, const char *room)
{
	room_set(beat, room, true);
}

void beat_left(struct beat *beat, const char *room)
{
	room_set(beat, room, false);
}

void beat_lost(struct beat *beat)
{
	if (beat != NULL)
		memset(beat->in, 0, sizeof beat->in);
}

static bool all_is_well(const struct beat *beat)
{
	for (int i = 0; i < beat->rooms->count; i++)
		if (!beat->in[i])
			return false;
	return true;
}

bool beat_due(struct beat *beat, nsec now)
{
	if (now < beat_deadline(beat))
		return false;
	beat->next = now + beat->interval;
	return true;
}

nsec beat_deadline(const struct beat *beat)
{
	return beat != NULL && all_is_well(beat) ? beat->next : NSEC_NEVER;
}
