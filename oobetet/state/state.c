/* SPDX-License-Identifier: MIT */
#include "oobetet/state/state.h"

#include "common/memory.h"
#include "common/number.h"
#include "oobetet/message.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "oobetet-state\t2\n"
#define MAGIC_1 "oobetet-state\t1\n"
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
	LINE_WRITTEN,
	LINE_BOOTED,
	LINE_YOUNG,
	LINE_WATCH,
	LINE_WATCH_1,
	LINE_SILENCE,
	LINE_ACKNOWLEDGED,
	LINE_INCIDENT,
	LINE_HELD,
	LINE_FAULT,
	LINE_ENDING,
	LINE_SERVICE,
	LINE_PERIOD,
	LINE_CHANNEL,
	LINE_NOTIFICATION,
	LINES
};

/* Version 1 has both in one line. */
struct first_line {
	char target[NOTIFICATION_TEXT];
	nsec wall;
};

static const struct {
	const char *name;
	int from, to; /* versions */
	struct field fields[FIELDS_MAX + 1];
} lines[LINES] = {
	[LINE_WRITTEN] = {"written", 2, 2, {NUMBER(struct state, wall)}},
	[LINE_BOOTED] = {"booted", 2, 2, {NUMBER(struct state, boot), TEXT(struct state, boot_id)}},
	[LINE_YOUNG] = {"young", 1, 2, {{FIELD_END, 0, 0}}},
	[LINE_WATCH] = {"watch", 2, 2,
		{TEXT(struct watch_state, name), TEXT(struct watch_state, target)}},
	[LINE_WATCH_1] = {"watch", 1, 1,
		{TEXT(struct first_line, target), NUMBER(struct first_line, wall)}},
	[LINE_SILENCE] = {"silence", 1, 2,
		{NUMBER(struct watch_state, past.silence[0]),
			NUMBER(struct watch_state, past.silence[1]),
			NUMBER(struct watch_state, past.silence[2])}},
	[LINE_ACKNOWLEDGED] = {"acknowledged", 1, 2,
		{NUMBER(struct watch_state, past.acknowledged)}},
	[LINE_INCIDENT] = {"incident", 1, 2,
		{NUMBER(struct watch_state, since), NUMBER(struct watch_state, lasted),
			NUMBER(struct watch_state, past.lasted),
			CHOICE(struct watch_state, past.missing, KINDS_AWAITED),
			NUMBER(struct watch_state, past.repeat_in),
			NUMBER(struct watch_state, past.loud),
			NUMBER(struct watch_state, past.until_loud)}},
	[LINE_HELD] = {"held", 1, 2, {{FIELD_END, 0, 0}}},
	[LINE_FAULT] = {"fault", 2, 2, {{FIELD_END, 0, 0}}},
	[LINE_ENDING] = {"ending", 2, 2, {{FIELD_END, 0, 0}}},
	[LINE_SERVICE] = {"service", 2, 2, {NUMBER(struct watch_state, service)}},
	[LINE_PERIOD] = {"period", 2, 2,
		{NUMBER(struct watch_state, period), TEXT(struct watch_state, flapper)}},
	[LINE_CHANNEL] = {"road", 1, 2,
		{TEXT(struct channel_saved, name), TEXT(struct channel_saved, queue.tried_key),
			FLAG(struct channel_saved, queue.tried)}},
	[LINE_NOTIFICATION] = {"notice", 1, 2,
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
			field_escape(out, at);
		else if (field->type == FIELD_FLAG)
			buffer_append_text(out, *(const bool *)at ? "1" : "0");
	}
	buffer_append(out, "\n", 1);
}

static void watch_write(const struct watch_state *watch, struct buffer *out)
{
	line_write(out, LINE_WATCH, watch);
	line_write(out, LINE_SILENCE, watch);
	if (watch->past.acknowledged != NSEC_NEVER)
		line_write(out, LINE_ACKNOWLEDGED, watch);
	if (watch->past.open)
		line_write(out, LINE_INCIDENT, watch);
	if (watch->past.open && watch->past.held)
		line_write(out, LINE_HELD, watch);
	if (watch->past.open && watch->past.fault)
		line_write(out, LINE_FAULT, watch);
	if (watch->ending)
		line_write(out, LINE_ENDING, watch);
	if (watch->service > 0)
		line_write(out, LINE_SERVICE, watch);
	if (watch->period > 0)
		line_write(out, LINE_PERIOD, watch);
	for (int i = 0; i < watch->count; i++) {
		const struct channel_saved *channel = &watch->channels[i];

		line_write(out, LINE_CHANNEL, channel);
		for (int j = 0; j < channel->queue.count; j++)
			line_write(out, LINE_NOTIFICATION, &channel->queue.notifications[j]);
	}
}

void state_write(const struct state *state, struct buffer *out)
{
	buffer_append_text(out, MAGIC);
	line_write(out, LINE_WRITTEN, state);
	if (state->boot_id[0] != '\0')
		line_write(out, LINE_BOOTED, state);
	if (state->young)
		line_write(out, LINE_YOUNG, state);
	for (int i = 0; i < state->count; i++)
		watch_write(&state->watches[i], out);
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
static void incident_key_find(struct watch_state *watch)
{
	bool sent = watch->past.open && !watch->past.held;

	for (int i = 0; sent && watch->key[0] == '\0' && i < watch->count; i++)
		memcpy(watch->key, channel_key(&watch->channels[i].queue), NOTIFICATION_KEY);
}

/* NULL: there are too many. */
static struct watch_state *watch_add(struct state *state)
{
	if (state->count == WATCHES_MAX)
		return NULL;
	state->watches = memory_resized(
		state->watches, ((size_t)state->count + 1) * sizeof state->watches[0]);
	struct watch_state *watch = &state->watches[state->count++];
	memset(watch, 0, sizeof *watch);
	watch->past.acknowledged = NSEC_NEVER;
	return watch;
}

static struct channel_saved *channel_add(struct watch_state *watch)
{
	if (watch->count == CHANNELS_MAX)
		return NULL;
	watch->channels = memory_resized(
		watch->channels, ((size_t)watch->count + 1) * sizeof watch->channels[0]);
	return memset(&watch->channels[watch->count++], 0, sizeof watch->channels[0]);
}

/* Where the fields of such a line go; NULL: it must not come here. */
static void *line_target(struct state *state, enum line line)
{
	struct watch_state *watch = state->count > 0 ? &state->watches[state->count - 1] : NULL;

	if (line == LINE_YOUNG)
		state->young = true;
	if (line <= LINE_YOUNG)
		return state;
	if (line == LINE_WATCH)
		return watch_add(state);
	if (watch == NULL)
		return NULL;
	if (line == LINE_INCIDENT)
		watch->past.open = true;
	if (line == LINE_HELD)
		watch->past.held = true;
	if (line == LINE_FAULT)
		watch->past.fault = true;
	if (line == LINE_ENDING)
		watch->ending = true;
	if (line < LINE_CHANNEL)
		return watch;
	if (line == LINE_CHANNEL)
		return channel_add(watch);
	if (watch->count == 0)
		return NULL;
	struct queue_saved *queue = &watch->channels[watch->count - 1].queue;
	return queue->count < QUEUE_MAX ? &queue->notifications[queue->count++] : NULL;
}

/* The fields of a line, and nothing after them. */
static bool fields_read(enum line line, char *text, void *into)
{
	for (const struct field *field = lines[line].fields; field->type != FIELD_END; field++) {
		char *value = strsep(&text, "\t");

		if (value == NULL || !field_unescape(value) || !field_read(field, value, into))
			return false;
	}
	return text == NULL;
}

/* The line that names the watch of version 1, and says when it was written. */
static bool first_line_read(struct state *state, char *text)
{
	struct first_line first = {.wall = 0};
	struct watch_state *watch = state->count == 0 ? watch_add(state) : NULL;

	if (watch == NULL || !fields_read(LINE_WATCH_1, text, &first))
		return false;
	memcpy(watch->target, first.target, sizeof watch->target);
	state->wall = first.wall;
	return true;
}

static bool line_read(struct state *state, int version, char *text)
{
	const char *name = strsep(&text, "\t");
	enum line line = LINE_WRITTEN;

	while (line < LINES && (strcmp(lines[line].name, name) != 0 || version < lines[line].from ||
				       version > lines[line].to))
		line++;
	if (line == LINE_WATCH_1)
		return first_line_read(state, text);
	void *into = line < LINES ? line_target(state, line) : NULL;
	return into != NULL && fields_read(line, text, into);
}

static bool lines_read_all(struct state *state, int version, char *text, struct reason *why)
{
	int number = 2;

	for (char *line; (line = strsep(&text, "\n")) != NULL && text != NULL; number++)
		if (!line_read(state, version, line))
			return reason_set(why, "line %d cannot be parsed", number);
	for (int i = 0; i < state->count; i++) {
		unawaited_find(state->watches[i].past.silence);
		incident_key_find(&state->watches[i]);
		if (state->watches[i].target[0] == '\0')
			return reason_set(why, "it does not name its watch");
	}
	if (state->count == 0)
		return reason_set(why, "it does not name its watch");
	return state->wall >= 0 || reason_set(why, "it does not say when it was written");
}

bool state_read(char *text, struct state *state, struct reason *why)
{
	int version = strncmp(text, MAGIC_1, strlen(MAGIC_1)) == 0 ? 1 : 2;

	*state = (struct state){.wall = -1};
	if (version == 2 && strncmp(text, MAGIC, strlen(MAGIC)) != 0)
		return reason_set(why, "not a state file of this or an earlier version");
	if (!state_unseal(text))
		return reason_set(why, "damaged: the checksum at its end is wrong");
	return lines_read_all(state, version, text + strlen(MAGIC), why);
}

nsec state_age(const struct state *state, const char *boot_id, nsec boot, nsec wall, bool *guessed)
{
	/* in another time namespace, as of a container, that clock may be behind */
	*guessed = state->boot_id[0] == '\0' || strcmp(state->boot_id, boot_id) != 0 ||
		   boot < state->boot;
	if (!*guessed)
		return boot - state->boot;
	return wall > state->wall ? wall - state->wall : 0;
}

void state_free(struct state *state)
{
	for (int i = 0; i < state->count; i++)
		free(state->watches[i].channels);
	free(state->watches);
	*state = (struct state){.watches = NULL};
}
