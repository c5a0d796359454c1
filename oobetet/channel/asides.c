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

struct entry {
	enum aside kind;
	char *room, *text; /* owned */
};

struct asides {
	uint64_t seed, last_id;
	struct entry *entries;
	int count;
};

struct asides *asides_new(uint64_t seed)
{
	struct asides *asides = memory_zeroed(1, sizeof *asides);

	asides->seed = seed;
	return asides;
}

static void entry_drop(struct asides *asides, int i)
{
	free(asides->entries[i].room);
	free(asides->entries[i].text);
	asides->count--;
	memmove(&asides->entries[i], &asides->entries[i + 1],
		(size_t)(asides->count - i) * sizeof asides->entries[0]);
}

void asides_free(struct asides *asides)
{
	while (asides->count > 0)
		entry_drop(asides, asides->count - 1);
	free(asides->entries);
	free(asides);
}

void asides_put(struct asides *asides, enum aside kind, const char *room, const char *text)
{
	int keep = kind == ASIDE_PLANNED ? PLANNED_MAX - 1 : 0;

	for (int i = asides->count - 1; i >= 0; i--)
		if (asides->entries[i].kind == kind &&
			strcasecmp(asides->entries[i].room, room) == 0 && keep-- <= 0)
			entry_drop(asides, i);
	asides->entries = memory_resized(
		asides->entries, ((size_t)asides->count + 1) * sizeof asides->entries[0]);
	asides->entries[asides->count++] =
		(struct entry){kind, memory_copied(room), memory_copied(text)};
}

void asides_send(struct asides *asides, const struct rooms *rooms, struct worker *xmpp)
{
	char id[ID];

	for (int i = 0; i < asides->count;) {
		const struct entry *entry = &asides->entries[i];

		if (!rooms_is_joined(rooms, entry->room)) {
			if (entry->kind == ASIDE_ANSWER)
				entry_drop(asides, i);
			else
				i++;
			continue;
		}
		snprintf(id, sizeof id, IPC_ID "aside-%016" PRIx64 "-%" PRIu64, asides->seed,
			++asides->last_id);
		worker_send(xmpp, MESSAGE_SAY, FIELDS(id, entry->room, entry->text));
		entry_drop(asides, i);
	}
}
