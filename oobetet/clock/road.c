/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/road.h"

#include "common/duration.h"
#include "common/log.h"
#include "oobetet/clock/command.h"

#include <stdio.h>
#include <string.h>

#define RECORDING (500 * NSEC_PER_MSEC) /* a disk that takes longer stops no alarm */

/* The pager and the command give up by themselves, and say so. */
static nsec answer_limit(enum channel_type type, const struct timing *timing)
{
	switch (type) {
	case CHANNEL_ROOM:
		return timing->answer;
	case CHANNEL_PAGERDUTY:
		return 2 * timing->request;
	default:
		return 2 * COMMAND_LIMIT;
	}
}

void channel_begin(struct channel *channel, const char *name, enum channel_type type,
	const struct timing *timing, uint32_t seed)
{
	const struct queue_rules rules = {.latest_only = type == CHANNEL_ROOM,
		.answer_limit = answer_limit(type, timing),
		.retry_min = timing->retry_min,
		.retry_max = timing->retry_max,
		.seed = seed};

	*channel = (struct channel){.name = name,
		.type = type,
		.limit = rules.answer_limit,
		.queue = queue_new(&rules),
		.why = "not there yet"};
	if (type == CHANNEL_COMMAND)
		channel_open(channel);
}

void channel_end(struct channel *channel)
{
	queue_free(channel->queue);
}

void channel_open(struct channel *channel)
{
	channel->open = true;
	channel->why[0] = '\0';
	queue_open(channel->queue);
}

void channel_close(struct channel *channel, const char *why)
{
	channel->open = false;
	snprintf(channel->why, sizeof channel->why, "%s", why);
	queue_close(channel->queue);
}

nsec channel_deadline(const struct channel *channel, const struct intents *intents)
{
	nsec deadline = queue_deadline(channel->queue);

	return channel->intent > intents->recorded && deadline < channel->intent_by
		       ? channel->intent_by
		       : deadline;
}

static void answer_tell(const struct channel *channel, enum answer answer, const char *why)
{
	if (answer == ANSWER_DONE && channel->why[0] != '\0')
		log_info("%s has been told again", channel->name);
	else if (answer == ANSWER_FAILED && strcmp(channel->why, why) != 0)
		log_error("%s cannot be told: %s; trying again", channel->name, why);
	else if (answer == ANSWER_REFUSED)
		log_error("%s refuses what it is told, which is not tried again: %s", channel->name,
			why);
}

/* What came of an attempt; `why` is "" if it was done. */
static void attempt_tell(struct channel *channel, enum answer answer, const char *why)
{
	answer_tell(channel, answer, why);
	snprintf(channel->why, sizeof channel->why, "%s", why);
}

static void no_answer_tell(struct channel *channel)
{
	char why[CHANNEL_WHY], span[DURATION_TEXT];

	snprintf(why, sizeof why, "%s within %s",
		channel->type == CHANNEL_ROOM ? "the room has not sent it back" : "no answer",
		duration_text(channel->limit, span));
	attempt_tell(channel, ANSWER_FAILED, why);
}

const struct notification *channel_take(
	struct channel *channel, struct intents *intents, nsec now, uint64_t *id)
{
	if (queue_expire(channel->queue, now))
		no_answer_tell(channel);
	if (queue_intend(channel->queue, now)) {
		channel->intent = ++intents->count;
		channel->intent_by = now + RECORDING;
	}
	if (channel->intent > intents->recorded && now < channel->intent_by)
		return NULL;
	return queue_take(channel->queue, now, id);
}

void channel_answer(
	struct channel *channel, uint64_t id, enum answer answer, const char *why, nsec now)
{
	if (!queue_answer(channel->queue, id, answer, now))
		return;
	attempt_tell(channel, answer, answer != ANSWER_DONE ? why : "");
}

bool channel_works(const struct channel *channel)
{
	return channel->open && channel->why[0] == '\0' && queue_count(channel->queue) == 0;
}
