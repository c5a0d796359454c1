/* SPDX-License-Identifier: MIT */
#include "oobetet/trial/attempts.h"

#include "common/log.h"
#include "common/memory.h"
#include "oobetet/line/protocol.h"
#include "oobetet/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FAILURES 4 /* then it is given up: three nicks may be taken before the fourth is ours */

void attempts_begin(struct attempts *attempts, const struct config *config, uint64_t seed)
{
	const struct text_list *rooms = &config->alert_rooms;

	*attempts = (struct attempts){.seed = seed, .rooms = rooms->count, .count = rooms->count};
	attempts->all = memory_zeroed((size_t)rooms->count + 2, sizeof *attempts->all);
	for (int i = 0; i < rooms->count; i++)
		attempts->all[i].channel = rooms->item[i];
	if (config->pagerduty_contact != NULL) {
		attempts->pagerduty = &attempts->all[attempts->count++];
		attempts->pagerduty->channel = "PagerDuty";
	}
	if (config->alert_command != NULL) {
		attempts->command = &attempts->all[attempts->count++];
		attempts->command->channel = "alert_command";
	}
}

void attempts_end(struct attempts *attempts)
{
	free(attempts->all);
}

struct attempt *attempts_of_room(struct attempts *attempts, const char *room)
{
	for (int i = 0; i < attempts->rooms; i++)
		if (strcasecmp(attempts->all[i].channel, room) == 0)
			return &attempts->all[i];
	return NULL;
}

struct attempt *attempts_with_id(struct attempts *attempts, const char *id)
{
	for (int i = 0; i < attempts->count; i++)
		if (strcmp(attempts->all[i].id, id) == 0)
			return &attempts->all[i];
	return NULL;
}

const char *attempt_id(struct attempts *attempts, struct attempt *attempt)
{
	snprintf(attempt->id, sizeof attempt->id, IPC_ID "%016" PRIx64 "-%d", attempts->seed,
		++attempts->told);
	return attempt->id;
}

void attempt_fails(struct attempt *attempt, const char *why)
{
	if (attempt == NULL || attempt->over)
		return;
	if (strcmp(attempt->why, why) != 0)
		log_warning("%s: %s", attempt->channel, why);
	text_clean_line(why, attempt->why, sizeof attempt->why);
	attempt->id[0] = '\0';
	attempt->over = ++attempt->failures == FAILURES;
}

void attempt_arrives(struct attempt *attempt)
{
	attempt->over = attempt->arrived = true;
}

void attempt_ends(struct attempt *attempt, const char *why)
{
	attempt_fails(attempt, why);
	attempt->over = true;
	attempt->arrived = false;
}

bool attempts_are_over(const struct attempts *attempts)
{
	for (int i = 0; i < attempts->count; i++)
		if (!attempts->all[i].over)
			return false;
	return true;
}

bool attempts_report(const struct attempts *attempts)
{
	bool all = true;

	for (int i = 0; i < attempts->count; i++) {
		const struct attempt *attempt = &attempts->all[i];
		bool arrived = attempt->over && attempt->arrived;
		const char *why =
			attempt->why[0] != '\0' ? attempt->why : "nobody answered in time";

		all = all && arrived;
		printf("%s: %s%s\n", attempt->channel,
			arrived ? "arrived" : "did not arrive: ", arrived ? "" : why);
	}
	return all;
}
