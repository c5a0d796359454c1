/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/asides.h"

#include "common/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID 64         /* bytes of an id as text */
#define PLANNED_MAX 8 /* announcements of planned work that wait for a room */

struct queued_aside {
	enum aside kind;
	char *room, *text; /* owned */
};

struct asides {
	uint64_t seed, last_id;
	struct queued_aside *queued;
	int count;
};

struct asides *asides_new(uint64_t seed)
{
	struct asides *asides = memory_zeroed(1, sizeof *asides);

	asides->seed = seed;
	return asides;
}

static void aside_drop(struct asides *asides, int i)
{
	free(asides->queued[i].room);
	free(asides->queued[i].text);
	asides->count--;
	memmove(&asides->queued[i], &asides->queued[i + 1],
		(size_t)(asides->count - i) * sizeof asides->queued[0]);
}

void asides_free(struct asides *asides)
{
	while (asides->count > 0)
		aside_drop(asides, asides->count - 1);
	free(asides->queued);
	free(asides);
}

void asides_put(struct asides *asides, enum aside kind, const char *room, const char *text)
{
	int keep = kind == ASIDE_PLANNED ? PLANNED_MAX - 1 : 0;

	for (int i = asides->count - 1; i >= 0; i--)
		if (asides->queued[i].kind == kind &&
			strcasecmp(asides->queued[i].room, room) == 0 && keep-- <= 0)
			aside_drop(asides, i);
	asides->queued = memory_resized(
		asides->queued, ((size_t)asides->count + 1) * sizeof asides->queued[0]);
	asides->queued[asides->count++] =
		(struct queued_aside){kind, memory_copied(room), memory_copied(text)};
}

void asides_send(struct asides *asides, const struct rooms *rooms, struct worker *xmpp)
{
	char id[ID];

	for (int i = 0; i < asides->count;) {
		const struct queued_aside *aside = &asides->queued[i];

		if (!rooms_is_joined(rooms, aside->room)) {
			if (aside->kind == ASIDE_ANSWER)
				aside_drop(asides, i);
			else
				i++;
			continue;
		}
		snprintf(id, sizeof id, IPC_ID "aside-%016" PRIx64 "-%" PRIu64, asides->seed,
			++asides->last_id);
		worker_send(xmpp, MESSAGE_SAY, FIELDS(id, aside->room, aside->text));
		aside_drop(asides, i);
	}
}
