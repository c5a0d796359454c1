/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/occupants.h"

#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JID, ID, AFFILIATION, MARKS }; /* the best first */

static const char *const names[MARKS] = {
	[JID] = "real JID", [ID] = "occupant-id", [AFFILIATION] = "affiliation"};

struct occupant {
	int room;
	char *nick;
	char *mark[MARKS];  /* as shown last; "": never */
	char *shown[MARKS]; /* by the last presence; NULL: nobody has the nick */
};

struct occupants {
	int count;
	struct occupant *all;
};

struct occupants *occupants_new(void)
{
	return memory_zeroed(1, sizeof(struct occupants));
}

static void occupant_free(struct occupant *occupant)
{
	free(occupant->nick);
	for (int mark = 0; mark < MARKS; mark++) {
		free(occupant->mark[mark]);
		free(occupant->shown[mark]);
	}
}

void occupants_free(struct occupants *occupants)
{
	for (int i = 0; i < occupants->count; i++)
		occupant_free(&occupants->all[i]);
	free(occupants->all);
	free(occupants);
}

int occupants_count(const struct occupants *occupants)
{
	return occupants->count;
}

static struct occupant *occupant_known(
	const struct occupants *occupants, int room, const char *nick)
{
	for (int i = 0; i < occupants->count; i++)
		if (occupants->all[i].room == room && strcmp(occupants->all[i].nick, nick) == 0)
			return &occupants->all[i];
	return NULL;
}

static struct occupant *occupant_of(struct occupants *occupants, int room, const char *nick)
{
	struct occupant *known = occupant_known(occupants, room, nick);

	if (known != NULL)
		return known;
	occupants->all = memory_resized(
		occupants->all, (size_t)(occupants->count + 1) * sizeof *occupants->all);
	struct occupant *next = &occupants->all[occupants->count++];
	*next = (struct occupant){.room = room, .nick = memory_copied(nick)};
	for (int mark = 0; mark < MARKS; mark++)
		next->mark[mark] = memory_copied("");
	return next;
}

/* The best mark that both have decides; MARKS: no difference is known. */
static int difference(const struct occupant *known, char *const seen[MARKS])
{
	for (int mark = 0; mark < MARKS; mark++)
		if (known->mark[mark][0] != '\0' && seen[mark][0] != '\0') {
			bool same = strcmp(known->mark[mark], seen[mark]) == 0;

			return same ? MARKS : mark;
		}
	return MARKS;
}

/* Takes ownership of `seen`. For the same occupant, marks not shown now are kept. */
static void occupant_set(struct occupant *known, char *seen[MARKS], bool same)
{
	for (int mark = 0; mark < MARKS; mark++) {
		if (same && seen[mark][0] == '\0') {
			free(seen[mark]);
			continue;
		}
		free(known->mark[mark]);
		known->mark[mark] = seen[mark];
	}
}

bool occupants_see(struct occupants *occupants, int room, const char *nick,
	const struct identity *seen, char *out, size_t size)
{
	struct occupant *known = occupant_of(occupants, room, nick);
	char *marks[MARKS] = {
		[JID] = memory_printed("%.*s", (int)strcspn(seen->jid, "/"), seen->jid),
		[ID] = memory_copied(seen->id),
		[AFFILIATION] = memory_copied(seen->affiliation)};
	int differs = difference(known, marks);

	if (differs < MARKS)
		snprintf(out, size, "%s %.150s, before %.150s", names[differs], marks[differs],
			known->mark[differs]);
	for (int mark = 0; mark < MARKS; mark++) {
		free(known->shown[mark]);
		known->shown[mark] = memory_copied(marks[mark]);
	}
	occupant_set(known, marks, differs == MARKS);
	return differs < MARKS;
}

bool occupants_find(
	const struct occupants *occupants, int room, const char *nick, struct identity *out)
{
	const struct occupant *known = occupant_known(occupants, room, nick);

	if (known == NULL || known->shown[JID] == NULL)
		return false;
	*out = (struct identity){.jid = known->shown[JID],
		.affiliation = known->shown[AFFILIATION],
		.id = known->shown[ID]};
	return true;
}

static void shown_clear(struct occupant *occupant)
{
	for (int mark = 0; mark < MARKS; mark++) {
		free(occupant->shown[mark]);
		occupant->shown[mark] = NULL;
	}
}

void occupants_leave(struct occupants *occupants, int room, const char *nick, bool forget)
{
	struct occupant *known = occupant_known(occupants, room, nick);

	if (known == NULL)
		return;
	shown_clear(known);
	if (forget) {
		occupant_free(known);
		*known = occupants->all[--occupants->count];
	}
}

void occupants_all_leave(struct occupants *occupants, int room)
{
	for (int i = 0; i < occupants->count; i++)
		if (occupants->all[i].room == room)
			shown_clear(&occupants->all[i]);
}
