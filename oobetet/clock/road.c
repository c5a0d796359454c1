/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/road.h"

#include "common/duration.h"
#include "common/log.h"
#include "oobetet/clock/command.h"

#include <stdio.h>
#include <string.h>

#define RECORDING (500 * NSEC_PER_MSEC) /* a disk that takes longer stops no alarm */

/* The pager and the command give up by themselves, and say so. */
static nsec answer_limit(enum way way, const struct pace *pace)
{
	switch (way) {
	case WAY_ROOM:
		return pace->answer;
	case WAY_PAGER:
		return 2 * pace->request;
	default:
		return 2 * COMMAND_LIMIT;
	}
}

void road_begin(
	struct road *road, const char *name, enum way way, const struct pace *pace, uint32_t seed)
{
	const struct outbox_rules rules = {.latest_only = way == WAY_ROOM,
		.answer_limit = answer_limit(way, pace),
		.retry_min = pace->retry_min,
		.retry_max = pace->retry_max,
		.seed = seed};

	*road = (struct road){.name = name,
		.way = way,
		.limit = rules.answer_limit,
		.outbox = outbox_new(&rules),
		.why = "not there yet"};
	if (way == WAY_COMMAND)
		road_open(road);
}

void road_end(struct road *road)
{
	outbox_free(road->outbox);
}

void road_open(struct road *road)
{
	road->open = true;
	road->why[0] = '\0';
	outbox_open(road->outbox);
}

void road_close(struct road *road, const char *why)
{
	road->open = false;
	snprintf(road->why, sizeof road->why, "%s", why);
	outbox_close(road->outbox);
}

nsec road_deadline(const struct road *road, const struct intents *intents)
{
	nsec deadline = outbox_deadline(road->outbox);

	return road->intent > intents->recorded && deadline < road->intent_by ? road->intent_by
									      : deadline;
}

static void answer_tell(const struct road *road, enum answer answer, const char *why)
{
	if (answer == ANSWER_DONE && road->why[0] != '\0')
		log_info("%s has been told again", road->name);
	else if (answer == ANSWER_FAILED && strcmp(road->why, why) != 0)
		log_error("%s cannot be told: %s; trying again", road->name, why);
	else if (answer == ANSWER_REFUSED)
		log_error("%s refuses what it is told, which is not tried again: %s", road->name,
			why);
}

/* What came of an attempt; `why` is "" if it was done. */
static void attempt_tell(struct road *road, enum answer answer, const char *why)
{
	answer_tell(road, answer, why);
	snprintf(road->why, sizeof road->why, "%s", why);
}

static void no_answer_tell(struct road *road)
{
	char why[ROAD_WHY], span[DURATION_TEXT];

	snprintf(why, sizeof why, "%s within %s",
		road->way == WAY_ROOM ? "the room has not sent it back" : "no answer",
		duration_text(road->limit, span));
	attempt_tell(road, ANSWER_FAILED, why);
}

const struct notice *road_take(struct road *road, struct intents *intents, nsec now, uint64_t *id)
{
	if (outbox_expire(road->outbox, now))
		no_answer_tell(road);
	if (outbox_intend(road->outbox, now)) {
		road->intent = ++intents->count;
		road->intent_by = now + RECORDING;
	}
	if (road->intent > intents->recorded && now < road->intent_by)
		return NULL;
	return outbox_take(road->outbox, now, id);
}

void road_answer(struct road *road, uint64_t id, enum answer answer, const char *why, nsec now)
{
	if (!outbox_answer(road->outbox, id, answer, now))
		return;
	attempt_tell(road, answer, answer != ANSWER_DONE ? why : "");
}

bool road_works(const struct road *road)
{
	return road->open && road->why[0] == '\0' && outbox_count(road->outbox) == 0;
}
