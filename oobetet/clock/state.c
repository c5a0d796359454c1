/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/state.h"

#include "common/memory.h"
#include "common/number.h"
#include "oobetet/line/protocol.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "oobetet-state\t1\n"
#define END "end\t"
#define FIELDS_MOST 7
#define ROADS_MOST 100
#define NUMBER_MOST (INT64_MAX / 2) /* 2116 by the wall clock; two of them can be added */

/* FNV-1a: it has to find damage, not malice. */
static uint64_t checksum(const char *text, size_t length)
{
	uint64_t sum = 14695981039346656037U;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)text[i]) * 1099511628211U;
	return sum;
}

/* ---- writing ---- */

/* Whatever a clock that was set has made of it: no state is written that would not be read. */
static void number_write(struct buffer *out, nsec number)
{
	if (number < 0 || number > NUMBER_MOST)
		number = number < 0 ? 0 : NUMBER_MOST;
	buffer_printf(out, "\t%" PRId64, number);
}

static void text_write(struct buffer *out, const char *text)
{
	buffer_append(out, "\t", 1);
	protocol_escape(out, text);
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

static void road_write(const struct state_road *road, struct buffer *out)
{
	buffer_append_text(out, "road");
	text_write(out, road->name);
	text_write(out, road->outbox.told);
	number_write(out, road->outbox.tried ? 1 : 0);
	buffer_append_text(out, "\n");
	for (int i = 0; i < road->outbox.count; i++) {
		const struct notice *notice = &road->outbox.notices[i];

		buffer_append_text(out, "notice");
		number_write(out, notice->kind);
		number_write(out, notice->missing);
		text_write(out, notice->key);
		text_write(out, notice->since);
		text_write(out, notice->text);
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
		road_write(&state->roads[i], out);
	buffer_printf(out, END "%016" PRIx64 "\n", checksum(out->data, out->length));
}

/* ---- reading ---- */

static bool number_read(const char *text, nsec *out)
{
	struct reason ignored;

	return number_parse(text, 0, NUMBER_MOST, out, &ignored);
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

static bool watch_take(struct state *state, char *const field[])
{
	return text_read(field[0], state->watch, sizeof state->watch) &&
	       number_read(field[1], &state->wall);
}

static bool silence_take(struct state *state, char *const field[])
{
	nsec *silence = state->past.silence;

	if (!numbers_read(field, (nsec *const[]){&silence[0], &silence[1], &silence[2]}, 3))
		return false;
	for (int i = 0; i < KINDS_AWAITED; i++)
		if (silence[i] == NUMBER_MOST)
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

static bool young_take(struct state *state, char *const field[])
{
	(void)field;
	state->young = true;
	return true;
}

static bool acknowledged_take(struct state *state, char *const field[])
{
	return number_read(field[0], &state->past.acknowledged);
}

static bool incident_take(struct state *state, char *const field[])
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

static bool road_take(struct state *state, char *const field[])
{
	nsec tried;

	if (state->count == ROADS_MOST)
		return false;
	state->roads =
		memory_resized(state->roads, ((size_t)state->count + 1) * sizeof state->roads[0]);
	struct state_road *road = &state->roads[state->count++];
	memset(road, 0, sizeof *road);
	if (!text_read(field[0], road->name, sizeof road->name) ||
		!text_read(field[1], road->outbox.told, sizeof road->outbox.told) ||
		!number_read(field[2], &tried) || tried > 1)
		return false;
	road->outbox.tried = tried == 1;
	return true;
}

static bool notice_take(struct state *state, char *const field[])
{
	struct outbox_past *outbox =
		state->count > 0 ? &state->roads[state->count - 1].outbox : NULL;
	nsec kind, missing;

	if (outbox == NULL || outbox->count == OUTBOX_MAX ||
		!numbers_read(field, (nsec *const[]){&kind, &missing}, 2) || kind > NOTICE_OK ||
		missing >= KINDS_AWAITED)
		return false;
	struct notice *notice = &outbox->notices[outbox->count++];
	notice->kind = (enum notice_kind)kind;
	notice->missing = (enum kind)missing;
	return text_read(field[2], notice->key, sizeof notice->key) &&
	       text_read(field[3], notice->since, sizeof notice->since) &&
	       text_read(field[4], notice->text, sizeof notice->text);
}

/* Of the newest incident that this road knows. */
static const char *road_key(const struct outbox_past *outbox)
{
	for (int i = outbox->count - 1; i >= 0; i--)
		if (outbox->notices[i].kind == NOTICE_ALARM)
			return outbox->notices[i].key;
	return outbox->told;
}

/* A road that is new in the configuration need not have been told yet. */
static void key_find(struct state *state)
{
	for (int i = 0; state->past.open && state->key[0] == '\0' && i < state->count; i++)
		memcpy(state->key, road_key(&state->roads[i].outbox), NOTICE_KEY);
}

static const struct {
	const char *name;
	int fields;
	bool (*take)(struct state *state, char *const field[]);
} words[] = {
	{"watch", 2, watch_take},
	{"silence", KINDS_AWAITED, silence_take},
	{"young", 0, young_take},
	{"acknowledged", 1, acknowledged_take},
	{"incident", 7, incident_take},
	{"road", 3, road_take},
	{"notice", 5, notice_take},
};

static bool line_take(struct state *state, char *line)
{
	char *field[FIELDS_MOST] = {NULL};
	const char *name = strsep(&line, "\t");
	int count = 0;

	for (; line != NULL && count < FIELDS_MOST; count++) {
		field[count] = strsep(&line, "\t");
		if (!protocol_unescape(field[count]))
			return false;
	}
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].name, name) == 0)
			return line == NULL && count == words[i].fields &&
			       words[i].take(state, field);
	return false;
}

/* Cuts the last line off, if it is the right one. */
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
		return reason_set(why, "it is no state of an oobetet, or of a newer one");
	if (!end_check(text))
		return reason_set(why, "it is damaged: its end is not that of its beginning");
	text += strlen(MAGIC);
	for (char *line; (line = strsep(&text, "\n")) != NULL && text != NULL; number++)
		if (!line_take(state, line))
			return reason_set(why, "line %d says what nobody understands", number);
	unawaited_find(state->past.silence);
	key_find(state);
	return state->watch[0] != '\0' || reason_set(why, "it does not say of what it is");
}

void state_free(struct state *state)
{
	free(state->roads);
	*state = (struct state){.roads = NULL};
}
