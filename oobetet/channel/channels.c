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

#define RECORDING (500 * NSEC_PER_MSEC) /* a disk that takes longer stops no alarm */

struct channel {
	const char *name; /* the room's JID, PagerDuty or alert_command */
	enum channel_type type;
	nsec limit; /* how long an answer may take */
	struct queue *queue;
	uint64_t intent;          /* its newest first attempt, among all channels'; 0: none yet */
	nsec intent_by;           /* when that attempt is made, recorded or not */
	char why[CHANNEL_WHY];    /* why it is closed or failing; "": it works */
	bool delivered, rejected; /* the last answer: see channel_status */
	int failures;
	int64_t deliveries, failed;
};

struct channels {
	const struct target *target;
	const struct watch_config *config;
	char id_start[ID / 2]; /* of all ids of this run, and of no other's */
	uint64_t last_id;
	uint64_t intents;  /* first attempts so far */
	uint64_t recorded; /* how many of these the state file holds */
	int count;
	struct channel channel[]; /* the rooms, then PagerDuty and the command if configured */
};

/* The worker and the command enforce limits of their own, and report them. */
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

static void channel_add(struct channels *channels, const char *name, enum channel_type type,
	const struct timing *timing, uint32_t seed)
{
	const struct queue_rules rules = {.latest_only = type == CHANNEL_ROOM,
		.answer_limit = answer_limit(type, timing),
		.retry_min = timing->retry_min,
		.retry_max = timing->retry_max,
		.seed = seed + (uint32_t)channels->count};

	channels->channel[channels->count++] = (struct channel){.name = name,
		.type = type,
		.limit = rules.answer_limit,
		.queue = queue_new(&rules),
		.why = "not connected yet"};
}

struct channels *channels_new(const struct watch_config *config, const struct target *target,
	const struct timing *timing, uint64_t seed)
{
	const struct text_list *rooms = &config->alert_rooms;
	struct timing slow = *timing; /* people may have read an unanswered message: repeats only */
	struct channels *channels = memory_zeroed(
		1, sizeof *channels + ((size_t)rooms->count + 2) * sizeof channels->channel[0]);

	if (slow.retry_min < config->repeat_interval)
		slow.retry_min = config->repeat_interval;
	if (slow.retry_max < config->repeat_max)
		slow.retry_max = config->repeat_max;
	channels->target = target;
	channels->config = config;
	snprintf(channels->id_start, sizeof channels->id_start, IPC_ID "%016" PRIx64 "-", seed);
	for (int i = 0; i < rooms->count; i++)
		channel_add(channels, rooms->item[i], CHANNEL_ROOM, &slow, (uint32_t)seed);
	if (config->pagerduty_contact != NULL)
		channel_add(channels, CHANNEL_NAME_PAGERDUTY, CHANNEL_PAGERDUTY, timing,
			(uint32_t)seed);
	if (config->alert_command != NULL)
		channel_add(channels, "alert_command", CHANNEL_COMMAND, timing, (uint32_t)seed);
	channels_open(channels, CHANNEL_COMMAND, NULL);
	return channels;
}

void channels_free(struct channels *channels)
{
	for (int i = 0; i < channels->count; i++)
		queue_free(channels->channel[i].queue);
	free(channels);
}

void channels_put(struct channels *channels, const struct notification *notification, bool loud)
{
	for (int i = 0; i < channels->count; i++)
		if (loud || channels->channel[i].type == CHANNEL_PAGERDUTY)
			queue_put(channels->channel[i].queue, notification, ++channels->last_id);
}

/* ---- opened and closed ---- */

static bool channel_is(const struct channel *channel, enum channel_type type, const char *name)
{
	return channel->type == type && (name == NULL || strcasecmp(channel->name, name) == 0);
}

void channels_open(struct channels *channels, enum channel_type type, const char *name)
{
	for (int i = 0; i < channels->count; i++) {
		struct channel *channel = &channels->channel[i];

		if (!channel_is(channel, type, name))
			continue;
		channel->why[0] = '\0';
		queue_open(channel->queue);
	}
}

void channels_close(
	struct channels *channels, enum channel_type type, const char *name, const char *why)
{
	for (int i = 0; i < channels->count; i++) {
		struct channel *channel = &channels->channel[i];

		if (!channel_is(channel, type, name))
			continue;
		snprintf(channel->why, sizeof channel->why, "%s", why);
		channel->failures++;
		queue_close(channel->queue);
	}
}

/* ---- answered ---- */

/* Each failure is logged once, and once more when it is over. */
static void outcome_set(
	struct channel *channel, const char *label, enum answer answer, const char *why)
{
	if (answer == ANSWER_DONE && channel->why[0] != '\0')
		log_info("%sdelivery to %s works again", label, channel->name);
	else if (answer == ANSWER_FAILED && strcmp(channel->why, why) != 0)
		log_error(
			"%sdelivery to %s is failing: %s; trying again", label, channel->name, why);
	else if (answer == ANSWER_REFUSED)
		log_error("%s%s rejected a notification, which is not sent again: %s", label,
			channel->name, why);
	channel->delivered = answer == ANSWER_DONE;
	channel->deliveries += answer == ANSWER_DONE;
	channel->failed += answer != ANSWER_DONE;
	snprintf(channel->why, sizeof channel->why, "%s", answer == ANSWER_DONE ? "" : why);
}

static void answer_missed(struct channel *channel, const char *label)
{
	char why[CHANNEL_WHY], span[DURATION_TEXT];

	snprintf(why, sizeof why, "%s within %s",
		channel->type == CHANNEL_ROOM ? "the room has not sent it back" : "no answer",
		duration_text(channel->limit, span));
	channel->failures++;
	outcome_set(channel, label, ANSWER_FAILED, why);
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
	for (int i = 0; i < channels->count; i++) {
		struct channel *channel = &channels->channel[i];

		if (channel->type != type ||
			!queue_answer(channel->queue, (uint64_t)number, answer, now))
			continue;
		channel->rejected = answer != ANSWER_DONE;
		outcome_set(channel, channels->config->label, answer, why);
	}
}

/* ---- sent ---- */

static const char *id_text(const struct channels *channels, uint64_t id, char out[ID])
{
	snprintf(out, ID, "%s%" PRIu64, channels->id_start, id);
	return out;
}

static void pagerduty_send(const struct channels *channels, struct worker *http,
	const struct notification *notification, const char *id, const struct readings *readings,
	nsec now)
{
	const struct target *target = channels->target;
	char name[NOTIFICATION_KEY] = "test", watch[MESSAGE_NUMBER];
	struct buffer details = {NULL, 0, 0};

	message_number_text(channels->config->index, watch);
	if (notification->kind == NOTIFICATION_OK) {
		worker_send(http, MESSAGE_RESOLVE, FIELDS(id, watch, notification->key));
		return;
	}
	if (notification->kind == NOTIFICATION_ALARM) {
		target_name(target, name, sizeof name);
		readings_write(readings, now, &details);
	}
	worker_send(http, MESSAGE_TRIGGER,
		FIELDS(id, watch, notification->key, notification->since, target->host, name,
			notification->text, details.data != NULL ? details.data : ""));
	buffer_free(&details);
}

static bool command_send(struct command *command, const struct target *target,
	const struct notification *notification, const char *id, nsec now)
{
	static const char *const events[] = {[NOTIFICATION_ALARM] = "alarm",
		[NOTIFICATION_OK] = "ok",
		[NOTIFICATION_TEST] = "test"};
	char name[NOTIFICATION_KEY];
	const struct job job = {.id = id,
		.event = events[notification->kind],
		.watch = target_name(target, name, sizeof name),
		.name = target->watch != NULL ? target->watch : "",
		.breach = notification->kind != NOTIFICATION_TEST ? kind_name(notification->missing)
								  : "",
		.since = notification->since,
		.key = notification->key,
		.host = target->host,
		.text = notification->text};

	return command_start(command, &job, now);
}

/* The next notification to send, or NULL: nothing is due, or it is not recorded yet. */
static const struct notification *notification_due(
	struct channels *channels, struct channel *channel, nsec now, uint64_t *id)
{
	if (queue_expire(channel->queue, now))
		answer_missed(channel, channels->config->label);
	if (queue_intend(channel->queue, now)) {
		channel->intent = ++channels->intents;
		channel->intent_by = now + RECORDING;
	}
	if (channel->intent > channels->recorded && now < channel->intent_by)
		return NULL;
	return queue_take(channel->queue, now, id);
}

void channels_send(struct channels *channels, const struct workers *by, struct command *command,
	const struct readings *readings, nsec now)
{
	for (int i = 0; i < channels->count; i++) {
		struct channel *channel = &channels->channel[i];
		char id[ID];
		uint64_t number;

		const struct notification *notification =
			notification_due(channels, channel, now, &number);
		if (notification == NULL)
			continue;
		id_text(channels, number, id);
		if (channel->type == CHANNEL_ROOM)
			worker_send(by->xmpp, MESSAGE_SAY,
				FIELDS(id, channel->name, notification->text));
		else if (channel->type == CHANNEL_PAGERDUTY)
			pagerduty_send(channels, by->http, notification, id, readings, now);
		else if (!command_send(command, channels->target, notification, id, now))
			channels_answer(channels, CHANNEL_COMMAND, id, ANSWER_FAILED,
				"the previous run has not ended", now);
	}
}

nsec channels_deadline(const struct channels *channels)
{
	nsec deadline = NSEC_NEVER;

	for (int i = 0; i < channels->count; i++) {
		const struct channel *channel = &channels->channel[i];
		nsec due = queue_deadline(channel->queue);

		if (channel->intent > channels->recorded && due < channel->intent_by)
			due = channel->intent_by;
		deadline = nsec_earlier(deadline, due);
	}
	return deadline;
}

/* ---- kept ---- */

uint64_t channels_intents(const struct channels *channels)
{
	return channels->intents;
}

void channels_recorded(struct channels *channels, uint64_t recorded)
{
	channels->recorded = recorded;
}

struct channel_saved *channels_remember(const struct channels *channels)
{
	struct channel_saved *saved = memory_zeroed((size_t)channels->count + 1, sizeof *saved);

	for (int i = 0; i < channels->count; i++) {
		snprintf(saved[i].name, sizeof saved[i].name, "%s", channels->channel[i].name);
		queue_remember(channels->channel[i].queue, &saved[i].queue);
	}
	return saved;
}

void channels_resume(struct channels *channels, const struct channel_saved *saved, int count)
{
	for (int i = 0; i < channels->count; i++)
		for (int j = 0; j < count; j++)
			if (strcasecmp(channels->channel[i].name, saved[j].name) == 0)
				queue_resume(channels->channel[i].queue, &saved[j].queue,
					&channels->last_id);
}

void channels_carry(struct channels *channels, const struct channels *before, bool same_service)
{
	struct channel_saved *saved = channels_remember(before);

	for (int i = 0; i < before->count; i++) {
		const struct channel *from = &before->channel[i];

		if (same_service || from->type != CHANNEL_PAGERDUTY)
			channels_resume(channels, &saved[i], 1);
		for (int j = 0; j < channels->count; j++) {
			struct channel *channel = &channels->channel[j];

			if (strcasecmp(channel->name, from->name) != 0)
				continue;
			channel->deliveries = from->deliveries;
			channel->failed = from->failed;
		}
	}
	free(saved);
}

/* ---- status ---- */

bool channels_all_fail(const struct channels *channels)
{
	for (int i = 0; i < channels->count; i++) {
		const struct channel *channel = &channels->channel[i];

		if (queue_is_open(channel->queue) && channel->why[0] == '\0' &&
			queue_count(channel->queue) == 0)
			return false;
	}
	return true;
}

void channels_remark(const struct channels *channels, struct buffer *remarks)
{
	for (int i = 0; i < channels->count; i++) {
		const struct channel *channel = &channels->channel[i];

		if (channel->why[0] != '\0' &&
			(queue_is_open(channel->queue) || channel->type != CHANNEL_ROOM))
			buffer_printf(remarks, "; delivery to %s is failing (%.150s)",
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

int channels_count(const struct channels *channels)
{
	return channels->count;
}

struct channel_status channels_status(const struct channels *channels, int index)
{
	const struct channel *channel = &channels->channel[index];

	return (struct channel_status){.name = channel->name,
		.type = channel->type,
		.delivered = channel->delivered,
		.pending = queue_count(channel->queue),
		.failures = channel->failures,
		.rejected = channel->rejected,
		.deliveries = channel->deliveries,
		.failed = channel->failed,
		.why = channel->why};
}
