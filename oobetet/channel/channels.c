/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/channels.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "oobetet/channel/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID 64 /* bytes of an id as text */

/* What a room is told besides, once, without anybody looking whether it came. */
struct aside {
	bool greeted;       /* once a start, or never */
	char *announcement; /* owned; NULL: nothing */
};

struct channels {
	const struct target *target;
	char id_start[ID / 2]; /* of all our ids, and of nobody else's */
	uint64_t last_id;
	struct intents intents;
	struct channel
		*channel;    /* the rooms, then PagerDuty and the command if they are configured */
	struct aside *aside; /* the rooms' */
	int rooms;
	int count;
};

/* What nobody has answered for may have been read all the same: never sooner than the repeats. */
static struct timing room_pace(const struct config *config, const struct timing *timing)
{
	struct timing slow = *timing;

	if (slow.retry_min < config->repeat_interval)
		slow.retry_min = config->repeat_interval;
	if (slow.retry_max < config->repeat_max)
		slow.retry_max = config->repeat_max;
	return slow;
}

static void channels_init(struct channels *channels, const struct config *config,
	const struct timing *timing, uint32_t seed)
{
	struct channel *channel = channels->channel;
	struct timing slow = room_pace(config, timing);

	for (int i = 0; i < channels->rooms; i++) {
		channel_begin(channel++, config->alert_rooms.item[i], CHANNEL_ROOM, &slow, seed++);
		channels->aside[i].greeted = !config->greeting;
	}
	if (config->pagerduty_contact != NULL)
		channel_begin(channel++, "PagerDuty", CHANNEL_PAGERDUTY, timing, seed++);
	if (config->alert_command != NULL)
		channel_begin(channel++, "alert_command", CHANNEL_COMMAND, timing, seed);
	channels->count = (int)(channel - channels->channel);
}

struct channels *channels_new(const struct config *config, const struct target *target,
	const struct timing *timing, uint64_t seed)
{
	struct channels *channels = memory_zeroed(1, sizeof *channels);

	channels->target = target;
	channels->rooms = config->alert_rooms.count;
	channels->channel = memory_zeroed((size_t)channels->rooms + 2, sizeof *channels->channel);
	channels->aside = memory_zeroed((size_t)channels->rooms, sizeof *channels->aside);
	snprintf(channels->id_start, sizeof channels->id_start, IPC_ID "%016" PRIx64 "-", seed);
	channels_init(channels, config, timing, (uint32_t)seed);
	return channels;
}

void channels_free(struct channels *channels)
{
	if (channels == NULL)
		return;
	for (int i = 0; i < channels->count; i++)
		channel_end(&channels->channel[i]);
	for (int i = 0; i < channels->rooms; i++)
		free(channels->aside[i].announcement);
	free(channels->aside);
	free(channels->channel);
	free(channels);
}

void channels_put(struct channels *channels, const struct notification *notification, bool loud)
{
	for (int i = 0; i < channels->count; i++)
		if (loud || channels->channel[i].type == CHANNEL_PAGERDUTY)
			queue_put(channels->channel[i].queue, notification, ++channels->last_id);
}

/* ---- opened and closed ---- */

static struct channel *channel_named(struct channels *channels, const char *room)
{
	for (int i = 0; i < channels->rooms; i++)
		if (strcasecmp(channels->channel[i].name, room) == 0)
			return &channels->channel[i];
	return NULL;
}

static struct channel *channel_of_pagerduty(struct channels *channels)
{
	struct channel *next = &channels->channel[channels->rooms];

	return channels->count > channels->rooms && next->type == CHANNEL_PAGERDUTY ? next : NULL;
}

void channels_room_opened(struct channels *channels, const char *room)
{
	struct channel *channel = channel_named(channels, room);

	if (channel != NULL)
		channel_open(channel);
}

void channels_room_closed(struct channels *channels, const char *room, const char *why)
{
	struct channel *channel = channel_named(channels, room);

	if (channel != NULL)
		channel_close(channel, why);
}

void channels_xmpp_lost(struct channels *channels, const char *why)
{
	for (int i = 0; i < channels->rooms; i++)
		channel_close(&channels->channel[i], why);
}

void channels_http_lost(struct channels *channels, const char *why)
{
	struct channel *channel = channel_of_pagerduty(channels);

	if (channel != NULL)
		channel_close(channel, why);
}

void channels_http_started(struct channels *channels)
{
	struct channel *channel = channel_of_pagerduty(channels);

	if (channel != NULL)
		channel_open(channel);
}

/* ---- carried, and answered ---- */

static const char *id_text(const struct channels *channels, uint64_t id, char out[ID])
{
	snprintf(out, ID, "%s%" PRIu64, channels->id_start, id);
	return out;
}

void channels_answer(struct channels *channels, enum channel_type type, const char *id,
	enum answer answer, const char *why, nsec now)
{
	size_t start = strlen(channels->id_start);
	struct reason ignored;
	int64_t number;

	if (strncmp(id, channels->id_start, start) != 0 ||
		!number_parse(id + start, 1, INT64_MAX, &number, &ignored))
		return;
	for (int i = 0; i < channels->count; i++)
		if (channels->channel[i].type == type)
			channel_answer(&channels->channel[i], (uint64_t)number, answer, why, now);
}

static void mention(
	struct channels *channels, const char *room, struct worker *xmpp, const char *text)
{
	char id[ID];

	send_to_room(xmpp, room, text, id_text(channels, ++channels->last_id, id));
}

static void asides_tell(struct channels *channels, int room, struct worker *xmpp)
{
	struct aside *aside = &channels->aside[room];
	const char *name = channels->channel[room].name;
	char text[NOTIFICATION_TEXT];

	if (!aside->greeted)
		mention(channels, name, xmpp,
			notification_greeting(channels->target, clock_wall(), text, sizeof text));
	aside->greeted = true;
	if (aside->announcement != NULL)
		mention(channels, name, xmpp, aside->announcement);
	free(aside->announcement);
	aside->announcement = NULL;
}

void channels_announce(struct channels *channels, const char *text)
{
	for (int i = 0; i < channels->rooms; i++) {
		free(channels->aside[i].announcement);
		channels->aside[i].announcement = memory_copied(text);
	}
}

static void notification_send(struct channels *channels, const struct channel *channel,
	const struct workers *by, const struct notification *notification, const char *id, nsec now)
{
	if (channel->type == CHANNEL_ROOM)
		send_to_room(by->xmpp, channel->name, notification->text, id);
	else if (channel->type == CHANNEL_PAGERDUTY)
		send_to_pagerduty(by->http, channels->target, notification, id);
	else if (!send_to_command(by->command, channels->target, notification, id, now))
		channels_answer(channels, CHANNEL_COMMAND, id, ANSWER_FAILED,
			"the one before still runs", now);
}

void channels_send(struct channels *channels, const struct workers *by, nsec now)
{
	for (int i = 0; i < channels->count; i++) {
		struct channel *channel = &channels->channel[i];
		char id[ID];
		uint64_t number;

		if (channel->type == CHANNEL_ROOM && channel->open)
			asides_tell(channels, i, by->xmpp);
		const struct notification *notification =
			channel_take(channel, &channels->intents, now, &number);
		if (notification != NULL)
			notification_send(channels, channel, by, notification,
				id_text(channels, number, id), now);
	}
}

nsec channels_deadline(const struct channels *channels)
{
	nsec deadline = NSEC_NEVER;

	for (int i = 0; i < channels->count; i++)
		deadline = nsec_earlier(
			deadline, channel_deadline(&channels->channel[i], &channels->intents));
	return deadline;
}

/* ---- kept ---- */

uint64_t channels_intents(const struct channels *channels)
{
	return channels->intents.count;
}

void channels_recorded(struct channels *channels, uint64_t recorded)
{
	channels->intents.recorded = recorded;
}

void channels_remember(const struct channels *channels, struct state *state)
{
	state->count = channels->count;
	state->channels = memory_zeroed((size_t)channels->count + 1, sizeof state->channels[0]);
	for (int i = 0; i < channels->count; i++) {
		snprintf(state->channels[i].name, sizeof state->channels[i].name, "%s",
			channels->channel[i].name);
		queue_remember(channels->channel[i].queue, &state->channels[i].queue);
	}
}

void channels_resume(struct channels *channels, const struct state *state)
{
	for (int i = 0; i < channels->count; i++)
		for (int j = 0; j < state->count; j++)
			if (strcmp(channels->channel[i].name, state->channels[j].name) == 0)
				queue_resume(channels->channel[i].queue, &state->channels[j].queue,
					&channels->last_id);
}

/* ---- what is wrong ---- */

bool channels_all_fail(const struct channels *channels)
{
	for (int i = 0; i < channels->count; i++)
		if (channel_works(&channels->channel[i]))
			return false;
	return true;
}

void channels_remark(const struct channels *channels, struct buffer *remarks)
{
	for (int i = 0; i < channels->count; i++) {
		const struct channel *channel = &channels->channel[i];

		if (channel->why[0] != '\0' && (channel->open || channel->type != CHANNEL_ROOM))
			buffer_printf(remarks, "; %s does not take what it is told (%.150s)",
				channel->name, channel->why);
	}
}

int channels_pending(const struct channels *channels)
{
	int pending = 0;

	for (int i = 0; i < channels->count; i++)
		pending += queue_count(channels->channel[i].queue);
	return pending;
}

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

void send_to_room(struct worker *xmpp, const char *room, const char *text, const char *id)
{
	worker_send(xmpp, MESSAGE_SAY, FIELDS(id, room, text));
}

void send_to_pagerduty(struct worker *http, const struct target *target,
	const struct notification *notification, const char *id)
{
	char name[NOTIFICATION_KEY] = "test";

	if (notification->kind == NOTIFICATION_OK) {
		worker_send(http, MESSAGE_RESOLVE, FIELDS(id, notification->key));
		return;
	}
	if (notification->kind == NOTIFICATION_ALARM)
		target_name(target, name, sizeof name);
	worker_send(http, MESSAGE_TRIGGER,
		FIELDS(id, notification->key, notification->since, target->host, name,
			notification->text));
}

bool send_to_command(struct command *command, const struct target *target,
	const struct notification *notification, const char *id, nsec now)
{
	static const char *const events[] = {[NOTIFICATION_ALARM] = "alarm",
		[NOTIFICATION_OK] = "ok",
		[NOTIFICATION_TEST] = "test"};
	char name[NOTIFICATION_KEY];
	const struct job job = {.id = id,
		.event = events[notification->kind],
		.watch = target_name(target, name, sizeof name),
		.breach = notification->kind != NOTIFICATION_TEST ? kind_name(notification->missing)
								  : "",
		.since = notification->since,
		.key = notification->key,
		.host = target->host,
		.text = notification->text};

	return command_start(command, &job, now);
}
