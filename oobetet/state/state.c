/* SPDX-License-Identifier: MIT */
#include "oobetet/state/state.h"

#include "common/memory.h"
#include "common/number.h"
#include "oobetet/ipc.h"

#include <inttypes.h>
#include <stddef.h>
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

void state_seal(struct buffer *out)
{
	buffer_printf(out, END "%016" PRIx64 "\n", checksum(out->data, out->length));
}

bool state_unseal(char *text)
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

/* ---- the lines: what is in them, and where it is kept ---- */

enum field_type { FIELD_END, FIELD_NUMBER, FIELD_TEXT, FIELD_CHOICE, FIELD_FLAG };

struct field {
	enum field_type type;
	size_t offset; /* in the struct of its line */
	size_t limit;  /* of a text: its size; of a choice: how many there are */
};

#define NUMBER(type, member)                            \
	{                                               \
		FIELD_NUMBER, offsetof(type, member), 0 \
	}
#define TEXT(type, member)                                                         \
	{                                                                          \
		FIELD_TEXT, offsetof(type, member), sizeof(((type *)NULL)->member) \
	}
#define CHOICE(type, member, count)                         \
	{                                                   \
		FIELD_CHOICE, offsetof(type, member), count \
	}
#define FLAG(type, member)                            \
	{                                             \
		FIELD_FLAG, offsetof(type, member), 0 \
	}

enum line {
	LINE_WATCH,
	LINE_SILENCE,
	LINE_YOUNG,
	LINE_ACKNOWLEDGED,
	LINE_INCIDENT,
	LINE_HELD,
	LINE_CHANNEL,
	LINE_NOTIFICATION,
	LINES
};

static const struct {
	const char *name;
	struct field fields[FIELDS_MAX + 1];
} lines[LINES] = {
	[LINE_WATCH] = {"watch", {TEXT(struct state, watch), NUMBER(struct state, wall)}},
	[LINE_SILENCE] = {"silence",
		{NUMBER(struct state, past.silence[0]), NUMBER(struct state, past.silence[1]),
			NUMBER(struct state, past.silence[2])}},
	[LINE_YOUNG] = {"young", {{FIELD_END, 0, 0}}},
	[LINE_ACKNOWLEDGED] = {"acknowledged", {NUMBER(struct state, past.acknowledged)}},
	[LINE_INCIDENT] = {"incident",
		{NUMBER(struct state, since), NUMBER(struct state, lasted),
			NUMBER(struct state, past.lasted),
			CHOICE(struct state, past.missing, KINDS_AWAITED),
			NUMBER(struct state, past.repeat_in), NUMBER(struct state, past.loud),
			NUMBER(struct state, past.quiet)}},
	[LINE_HELD] = {"held", {{FIELD_END, 0, 0}}},
	[LINE_CHANNEL] = {"road",
		{TEXT(struct channel_saved, name), TEXT(struct channel_saved, queue.tried_key),
			FLAG(struct channel_saved, queue.tried)}},
	[LINE_NOTIFICATION] = {"notice",
		{CHOICE(struct notification, kind, NOTIFICATION_OK + 1),
			CHOICE(struct notification, missing, KINDS_AWAITED),
			TEXT(struct notification, key), TEXT(struct notification, since),
			TEXT(struct notification, text)}},
};

/* Clamped: a clock that was set must not make a state that cannot be read. */
static nsec clamped(nsec number)
{
	if (number < 0)
		return 0;
	return number > NUMBER_MAX ? NUMBER_MAX : number;
}

static void line_write(struct buffer *out, enum line line, const void *from)
{
	buffer_append_text(out, lines[line].name);
	for (const struct field *field = lines[line].fields; field->type != FIELD_END; field++) {
		const void *at = (const char *)from + field->offset;

		if (field->type == FIELD_NUMBER)
			buffer_printf(out, "\t%" PRId64, clamped(*(const nsec *)at));
		else if (field->type == FIELD_CHOICE)
			buffer_printf(out, "\t%d", *(const int *)at);
		else
			buffer_append(out, "\t", 1);
		if (field->type == FIELD_TEXT)
			ipc_escape(out, at);
		else if (field->type == FIELD_FLAG)
			buffer_append_text(out, *(const bool *)at ? "1" : "0");
	}
	buffer_append(out, "\n", 1);
}

void state_write(const struct state *state, struct buffer *out)
{
	buffer_append_text(out, MAGIC);
	line_write(out, LINE_WATCH, state);
	line_write(out, LINE_SILENCE, state);
	if (state->young)
		line_write(out, LINE_YOUNG, state);
	if (state->past.acknowledged != NSEC_NEVER)
		line_write(out, LINE_ACKNOWLEDGED, state);
	if (state->past.open)
		line_write(out, LINE_INCIDENT, state);
	if (state->past.open && state->past.held)
		line_write(out, LINE_HELD, state);
	for (int i = 0; i < state->count; i++) {
		const struct channel_saved *channel = &state->channels[i];

		line_write(out, LINE_CHANNEL, channel);
		for (int j = 0; j < channel->queue.count; j++)
			line_write(out, LINE_NOTIFICATION, &channel->queue.notifications[j]);
	}
	state_seal(out);
}

/* ---- reading ---- */

static bool field_read(const struct field *field, const char *text, void *into)
{
	struct reason ignored;
	nsec number;
	void *at = (char *)into + field->offset;

	if (field->type == FIELD_TEXT)
		return snprintf(at, field->limit, "%s", text) < (int)field->limit;
	if (!number_parse(text, 0, NUMBER_MAX, &number, &ignored))
		return false;
	if (field->type == FIELD_NUMBER) {
		*(nsec *)at = number;
		return true;
	}
	if (field->type == FIELD_FLAG) {
		*(bool *)at = number == 1;
		return number <= 1;
	}
	*(int *)at = (int)number;
	return number < (nsec)field->limit;
}

/*
 * An older version wrote a number also for a kind that it did not await and had therefore never
 * heard: that number is the longest, and the same for all such kinds.
 */
static void unawaited_find(nsec silence[KINDS_AWAITED])
{
	for (int i = 0; i < KINDS_AWAITED; i++)
		if (silence[i] == NUMBER_MAX)
			silence[i] = NSEC_NEVER;
	nsec *problem = &silence[KIND_PROBLEM], *recovery = &silence[KIND_RECOVERY],
	     *heartbeat = &silence[KIND_HEARTBEAT];

	if (*problem == NSEC_NEVER || *recovery == NSEC_NEVER || *heartbeat == NSEC_NEVER)
		return;
	if (*problem != *recovery)
		*heartbeat = NSEC_NEVER;
	else if (*heartbeat < *problem)
		*problem = *recovery = NSEC_NEVER;
}

/* The key of the newest incident that this channel has. */
static const char *channel_key(const struct queue_saved *queue)
{
	for (int i = queue->count - 1; i >= 0; i--)
		if (queue->notifications[i].kind == NOTIFICATION_ALARM)
			return queue->notifications[i].key;
	return queue->tried_key;
}

/* A channel that is new in the configuration may not have it yet; of one that is held, none has. */
static void key_find(struct state *state)
{
	bool sent = state->past.open && !state->past.held;

	for (int i = 0; sent && state->key[0] == '\0' && i < state->count; i++)
		memcpy(state->key, channel_key(&state->channels[i].queue), NOTIFICATION_KEY);
}

/* Where the fields of such a line go; NULL: it must not come here. */
static void *line_target(struct state *state, enum line line)
{
	if (line == LINE_YOUNG)
		state->young = true;
	if (line == LINE_INCIDENT)
		state->past.open = true;
	if (line == LINE_HELD)
		state->past.held = true;
	if (line < LINE_CHANNEL)
		return state;
	if (line == LINE_CHANNEL && state->count < CHANNELS_MAX) {
		state->channels = memory_resized(
			state->channels, ((size_t)state->count + 1) * sizeof state->channels[0]);
		return memset(&state->channels[state->count++], 0, sizeof state->channels[0]);
	}
	if (line == LINE_CHANNEL || state->count == 0)
		return NULL;
	struct queue_saved *queue = &state->channels[state->count - 1].queue;
	return queue->count < QUEUE_MAX ? &queue->notifications[queue->count++] : NULL;
}

static bool line_read(struct state *state, char *text)
{
	const char *name = strsep(&text, "\t");
	enum line line = LINE_WATCH;

	while (line < LINES && strcmp(lines[line].name, name) != 0)
		line++;
	void *into = line < LINES ? line_target(state, line) : NULL;
	if (into == NULL)
		return false;
	for (const struct field *field = lines[line].fields; field->type != FIELD_END; field++) {
		char *value = strsep(&text, "\t");

		if (value == NULL || !ipc_unescape(value) || !field_read(field, value, into))
			return false;
	}
	return text == NULL;
}

bool state_read(char *text, struct state *state, struct reason *why)
{
	int number = 2;

	*state = (struct state){.past = {.acknowledged = NSEC_NEVER}};
	if (strncmp(text, MAGIC, strlen(MAGIC)) != 0)
		return reason_set(why, "not a state file of this or an earlier version");
	if (!state_unseal(text))
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
