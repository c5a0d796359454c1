/* SPDX-License-Identifier: MIT */
#include "t/tools/incidents.h"

#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum incident_state { TRIGGERED, ACKNOWLEDGED, RESOLVED };

struct incident {
	char *key;
	enum incident_state state;
};

struct incidents {
	struct incident *item; /* the first is incident 1 */
	int count;
	bool maintenance;
};

struct incidents *incidents_new(void)
{
	return memory_zeroed(1, sizeof(struct incidents));
}

void incidents_free(struct incidents *incidents)
{
	for (int i = 0; i < incidents->count; i++)
		free(incidents->item[i].key);
	free(incidents->item);
	free(incidents);
}

/* The index of the open incident with this key; -1: none. */
static int open_find(const struct incidents *incidents, const char *key)
{
	for (int i = 0; i < incidents->count; i++)
		if (incidents->item[i].state != RESOLVED &&
			strcmp(incidents->item[i].key, key) == 0)
			return i;
	return -1;
}

static void incident_open(struct incidents *incidents, const char *key, char *out, size_t size)
{
	incidents->item = memory_resized(
		incidents->item, ((size_t)incidents->count + 1) * sizeof *incidents->item);
	incidents->item[incidents->count++] =
		(struct incident){.key = memory_copied(key), .state = TRIGGERED};
	snprintf(out, size, "incident %d opened", incidents->count);
}

static void trigger(struct incidents *incidents, int at, const char *key, char *out, size_t size)
{
	if (at >= 0)
		snprintf(out, size, "incident %d goes on%s", at + 1,
			incidents->item[at].state == ACKNOWLEDGED ? ", unheard: acknowledged" : "");
	else if (incidents->maintenance)
		snprintf(out, size, "no incident: maintenance");
	else
		incident_open(incidents, key, out, size);
}

static void resolve(struct incidents *incidents, int at, char *out, size_t size)
{
	if (at < 0) {
		snprintf(out, size, "no incident is open with that key");
	} else if (incidents->maintenance) {
		snprintf(out, size, "incident %d stays open: maintenance", at + 1);
	} else {
		incidents->item[at].state = RESOLVED;
		snprintf(out, size, "incident %d resolved", at + 1);
	}
}

const char *incidents_take(
	struct incidents *incidents, const char *action, const char *key, char *out, size_t size)
{
	int at = open_find(incidents, key);

	if (strcmp(action, "trigger") == 0) {
		trigger(incidents, at, key, out, size);
	} else if (strcmp(action, "resolve") == 0) {
		resolve(incidents, at, out, size);
	} else {
		if (at >= 0)
			incidents->item[at].state = ACKNOWLEDGED;
		snprintf(out, size, "acknowledged by an event");
	}
	return out;
}

static int open_become(struct incidents *incidents, enum incident_state state)
{
	int changed = 0;

	for (int i = 0; i < incidents->count; i++) {
		if (incidents->item[i].state == RESOLVED)
			continue;
		incidents->item[i].state = state;
		changed++;
	}
	return changed;
}

int incidents_acknowledge(struct incidents *incidents)
{
	return open_become(incidents, ACKNOWLEDGED);
}

int incidents_resolve(struct incidents *incidents)
{
	return open_become(incidents, RESOLVED);
}

void incidents_maintain(struct incidents *incidents, bool on)
{
	incidents->maintenance = on;
}
