/* SPDX-License-Identifier: MIT */
#include "oobetet/state/state.h"

#include "common/memory.h"
#include "common/number.h"
#include "oobetet/ipc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "oobetet-state\t1\n"
#define END "end\t"
#define FIELDS_MAX 7
#define CHANNELS_MAX 100
#define NUMBER_MAX (INT64_MAX / 2) /* 2116 by the wall clock; two of them can be added */

/* FNV-1a: it detects damage, not malice. */
static uint64_t checksum(const char *text, size_t length)
{
	uint64_t sum = 14695981039346656037U;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)text[i]) * 1099511628211U;
	return sum;
}

/* ---- writing ---- */

/* Clamped: a clock that was set must not make a state that cannot be read. */
static void number_write(struct buffer *out, nsec number)
{
	if (number < 0 || number > NUMBER_MAX)
		number = number < 0 ? 0 : NUMBER_MAX;
	buffer_printf(out, "\t%" PRId64, number);
}

static void text_write(struct buffer *out, const char *text)
{
	buffer_append(out, "\t", 1);
	ipc_escape(out, text);
}

static void incident_write(const struct state *state, struct buffer *out)
{
	buffer_append_text(out, "incident");
	number_write(out, state->since);
	number_write(out, state->lasted);
	number_write(out, state->past.lasted);
	number_write(out, state->past.missing);
	number_write(out, state->past.repeat_in);
	number_write(out, state->past.loud);
	number_write(out, state->past.quiet);
	buffer_append_text(out, "\n");
}

static void channel_write(const struct state_channel *channel, struct buffer *out)
{
	buffer_append_text(out, "road");
	text_write(out, channel->name);
	text_write(out, channel->queue.tried_key);
	number_write(out, channel->queue.tried ? 1 : 0);
	buffer_append_text(out, "\n");
	for (int i = 0; i < channel->queue.count; i++) {
		const struct notification *notification = &channel->queue.notifications[i];

		buffer_append_text(out, "notice");
		number_write(out, notification->kind);
		number_write(out, notification->missing);
		text_write(out, notification->key);
		text_write(out, notification->since);
		text_write(out, notification->text);
		buffer_append_text(out, "\n");
	}
}

void state_write(const struct state *state, struct buffer *out)
{
	buffer_append_text(out, MAGIC "watch");
	text_write(out, state->watch);
	number_write(out, state->wall);
	buffer_append_text(out, "\nsilence");
	for (int i = 0; i < KINDS_AWAITED; i++)
		number_write(out, state->past.silence[i]);
	buffer_append_text(out, "\n");
	if (state->young)
		buffer_append_text(out, "young\n");
	if (state->past.acknowledged != NSEC_NEVER) {
		buffer_append_text(out, "acknowledged");
		number_write(out, state->past.acknowledged);
		buffer_append_text(out, "\n");
	}
	if (state->past.open)
		incident_write(state, out);
	for (int i = 0; i < state->count; i++)
		channel_write(&state->channels[i], out);
	buffer_printf(out, END "%016" PRIx64 "\n", checksum(out->data, out->length));
}

/* ---- reading ---- */

static bool number_read(const char *text, nsec *out)
{
	struct reason ignored;

	return number_parse(text, 0, NUMBER_MAX, out, &ignored);
}

static bool text_read(const char *text, char *out, size_t size)
{
	return snprintf(out, size, "%s", text) < (int)size;
}

static bool numbers_read(char *const field[], nsec *const out[], int count)
{
	for (int i = 0; i < count; i++)
		if (!number_read(field[i], out[i]))
			return false;
	return true;
}

static bool watch_read(struct state *state, char *const field[])
{
	return text_read(field[0], state->watch, sizeof state->watch) &&
	       number_read(field[1], &state->wall);
}

static bool silence_read(struct state *state, char *const field[])
{
	nsec *silence = state->past.silence;

	if (!numbers_read(field, (nsec *const[]){&silence[0], &silence[1], &silence[2]}, 3))
		return false;
	for (int i = 0; i < KINDS_AWAITED; i++)
		if (silence[i] == NUMBER_MAX)
			silence[i] = NSEC_NEVER;
	return true;
}

/*
 * An older version wrote a number also for a kind that it did not await and had therefore never
 * heard: that number is the longest, and the same for all such kinds.
 */
static void unawaited_find(nsec silence[KINDS_AWAITED])
{
	nsec *problem = &silence[KIND_PROBLEM], *recovery = &silence[KIND_RECOVERY],
	     *heartbeat = &silence[KIND_HEARTBEAT];

	if (*problem == NSEC_NEVER || *recovery == NSEC_NEVER || *heartbeat == NSEC_NEVER)
		return;
	if (*problem != *recovery)
		*heartbeat = NSEC_NEVER;
	else if (*heartbeat < *problem)
		*problem = *recovery = NSEC_NEVER;
}

static bool young_read(struct state *state, char *const field[])
{
	(void)field;
	state->young = true;
	return true;
}

static bool acknowledged_read(struct state *state, char *const field[])
{
	return number_read(field[0], &state->past.acknowledged);
}

static bool incident_read(struct state *state, char *const field[])
{
	nsec missing;

	state->past.open = true;
	if (!numbers_read(field,
		    (nsec *const[]){&state->since, &state->lasted, &state->past.lasted, &missing,
			    &state->past.repeat_in, &state->past.loud, &state->past.quiet},
		    7) ||
		missing >= KINDS_AWAITED)
		return false;
	state->past.missing = (enum kind)missing;
	return true;
}

static bool channel_read(struct state *state, char *const field[])
{
	nsec tried;

	if (state->count == CHANNELS_MAX)
		return false;
	state->channels = memory_resized(
		state->channels, ((size_t)state->count + 1) * sizeof state->channels[0]);
	struct state_channel *channel = &state->channels[state->count++];
	memset(channel, 0, sizeof *channel);
	if (!text_read(field[0], channel->name, sizeof channel->name) ||
		!text_read(field[1], channel->queue.tried_key, sizeof channel->queue.tried_key) ||
		!number_read(field[2], &tried) || tried > 1)
		return false;
	channel->queue.tried = tried == 1;
	return true;
}

static bool notification_read(struct state *state, char *const field[])
{
	struct queue_saved *queue =
		state->count > 0 ? &state->channels[state->count - 1].queue : NULL;
	nsec kind, missing;

	if (queue == NULL || queue->count == QUEUE_MAX ||
		!numbers_read(field, (nsec *const[]){&kind, &missing}, 2) ||
		kind > NOTIFICATION_OK || missing >= KINDS_AWAITED)
		return false;
	struct notification *notification = &queue->notifications[queue->count++];
	notification->kind = (enum notification_kind)kind;
	notification->missing = (enum kind)missing;
	return text_read(field[2], notification->key, sizeof notification->key) &&
	       text_read(field[3], notification->since, sizeof notification->since) &&
	       text_read(field[4], notification->text, sizeof notification->text);
}

/* The key of the newest incident that this channel has. */
static const char *channel_key(const struct queue_saved *queue)
{
	for (int i = queue->count - 1; i >= 0; i--)
		if (queue->notifications[i].kind == NOTIFICATION_ALARM)
			return queue->notifications[i].key;
	return queue->tried_key;
}

/* A channel that is new in the configuration may not have it yet. */
static void key_find(struct state *state)
{
	for (int i = 0; state->past.open && state->key[0] == '\0' && i < state->count; i++)
		memcpy(state->key, channel_key(&state->channels[i].queue), NOTIFICATION_KEY);
}

static const struct {
	const char *name;
	int fields;
	bool (*read)(struct state *state, char *const field[]);
} line_types[] = {
	{"watch", 2, watch_read},
	{"silence", KINDS_AWAITED, silence_read},
	{"young", 0, young_read},
	{"acknowledged", 1, acknowledged_read},
	{"incident", 7, incident_read},
	{"road", 3, channel_read},
	{"notice", 5, notification_read},
};

static bool line_read(struct state *state, char *line)
{
	char *field[FIELDS_MAX] = {NULL};
	const char *name = strsep(&line, "\t");
	int count = 0;

	for (; line != NULL && count < FIELDS_MAX; count++) {
		field[count] = strsep(&line, "\t");
		if (!ipc_unescape(field[count]))
			return false;
	}
	for (size_t i = 0; i < sizeof line_types / sizeof line_types[0]; i++)
		if (strcmp(line_types[i].name, name) == 0)
			return line == NULL && count == line_types[i].fields &&
			       line_types[i].read(state, field);
	return false;
}

/* Checks the last line and cuts it off. */
static bool end_check(char *text)
{
	size_t length = strlen(text);
	char expected[40];
	int size = snprintf(expected, sizeof expected, END "%016" PRIx64 "\n", (uint64_t)0);

	if (length < (size_t)size)
		return false;
	char *end = text + length - size;
	snprintf(expected, sizeof expected, END "%016" PRIx64 "\n",
		checksum(text, (size_t)(end - text)));
	if (strcmp(end, expected) != 0)
		return false;
	*end = '\0';
	return true;
}

bool state_read(char *text, struct state *state, struct reason *why)
{
	int number = 2;

	*state = (struct state){.past = {.acknowledged = NSEC_NEVER}};
	if (strncmp(text, MAGIC, strlen(MAGIC)) != 0)
		return reason_set(why, "not a state file of this or an earlier version");
	if (!end_check(text))
		return reason_set(why, "damaged: the checksum at its end is wrong");
	text += strlen(MAGIC);
	for (char *line; (line = strsep(&text, "\n")) != NULL && text != NULL; number++)
		if (!line_read(state, line))
			return reason_set(why, "line %d cannot be parsed", number);
	unawaited_find(state->past.silence);
	key_find(state);
	return state->watch[0] != '\0' || reason_set(why, "it does not name its watch");
}

void state_free(struct state *state)
{
	free(state->channels);
	*state = (struct state){.channels = NULL};
}
