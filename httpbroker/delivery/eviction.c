/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/eviction.h"

#include <stdio.h>
#include <string.h>

#define KEY "\nmaxmemory_policy:"

enum eviction_change eviction_update(
	struct eviction *eviction, const char *info, char policy[EVICTION_POLICY], nsec now)
{
	const char *found = strstr(info, KEY);
	bool before = eviction->evicts;

	eviction->ask_at = now + EVICTION_ASKED;
	policy[0] = '\0';
	if (found == NULL)
		return EVICTION_SAME;
	found += strlen(KEY);
	snprintf(policy, EVICTION_POLICY, "%.*s", (int)strspn(found, "abcdefghijklmnopqrstuvwxyz-"),
		found);
	eviction->evicts = strcmp(policy, "noeviction") != 0;
	if (eviction->evicts == before)
		return EVICTION_SAME;
	return eviction->evicts ? EVICTION_BEGINS : EVICTION_ENDS;
}
