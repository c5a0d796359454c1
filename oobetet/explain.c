/* SPDX-License-Identifier: MIT */
#include "oobetet/explain.h"

#include "common/duration.h"
#include "common/lines.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "oobetet/channel/watches.h"
#include "oobetet/message.h"
#include "oobetet/watch/rooms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Clients put the time before the nick, in many forms. */
#define TIME_CHARACTERS "0123456789:-./TZ+,[]() "

void transcript_split(char *line, struct transcript *out)
{
	char *rest = line;
	char *first = strsep(&rest, "\t");

	if (rest == NULL) {
		/* `[12:34:56] <NICK> TEXT` */
		char *nick = line + strspn(line, TIME_CHARACTERS);
		char *end = *nick == '<' ? strstr(nick, "> ") : NULL;

		*out = (struct transcript){.text = line};
		if (end != NULL) {
			*end = '\0';
			*out = (struct transcript){.nick = nick + 1, .text = end + 2};
		}
		return;
	}
	*out = (struct transcript){.nick = first};
	if (strchr(first, '@') != NULL && strchr(rest, '\t') != NULL) {
		out->room = first;
		out->nick = strsep(&rest, "\t");
	}
	out->text = rest;
}

static void ignored(
	struct explanation *out, enum mismatch mismatch, const char *what, const char *why)
{
	char text[EXPLANATION_TEXT];

	snprintf(text, sizeof text, "the text is a %s, but %.100s is %s", kind_name(out->kind),
		what, why);
	out->kind = KIND_NONE;
	out->mismatch = mismatch;
	utf8_clean_line(text, out->text, sizeof out->text);
}

void transcript_explain(const struct transcript *message, const struct watch_config *watch,
	const struct match *match, const char *alias, struct explanation *out)
{
	const char *nick = message->nick, *room = message->room;

	match_explain(match, message->text, out);
	if (out->kind == KIND_NONE)
		return;
	if (nick != NULL && alias != NULL && strcmp(nick, alias) == 0)
		ignored(out, MISMATCH_OWN, nick, "oobetet's own nick");
	else if (room != NULL && !list_has(&watch->watch_rooms, room, strlen(room)))
		ignored(out, MISMATCH_ROOM, room, "not in watch_rooms");
	else if (nick != NULL && !nick_counts(watch, nick))
		ignored(out, MISMATCH_NICK, nick, "not in watched_nick");
}

#define LINE_BYTES 65536 /* a longer line is ignored */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct explainer {
	const struct config *config;
	struct watches watches;
	long counts[WATCHES_MAX][KIND_NONE];
	FILE *out;
};

/* `"Flapper" on web-01`, after the name of the watch if it has one. */
static void watch_print(const struct explainer *explainer, int index)
{
	const struct watched *watched = explainer->watches.each[index];
	char name[NOTIFICATION_KEY];

	fprintf(explainer->out, "%s%s", watched->config->label,
		target_name(&watched->target, name, sizeof name));
}

/* A line for each watch for which the message counts; if there is none, one for the nearest. */
static void message_explain(
	struct explainer *explainer, uint64_t number, const struct transcript *message)
{
	struct explanation explanation, nearest = {.kind = KIND_NONE};
	int near = -1;
	bool counts = false;

	for (int i = 0; i < explainer->watches.count; i++) {
		const struct watched *watched = explainer->watches.each[i];

		transcript_explain(message, watched->config, &watched->match,
			explainer->config->alias, &explanation);
		if (explanation.kind == KIND_NONE) {
			if (near < 0 || explanation.mismatch > nearest.mismatch) {
				nearest = explanation;
				near = i;
			}
			continue;
		}
		counts = true;
		explainer->counts[i][explanation.kind]++;
		fprintf(explainer->out, "%" PRIu64 ": %s, for ", number,
			kind_name(explanation.kind));
		watch_print(explainer, i);
		fprintf(explainer->out, ": %s\n", explanation.text);
	}
	if (counts)
		return;
	fprintf(explainer->out, "%" PRIu64 ": ignored", number);
	if (explainer->watches.count > 1 && nearest.mismatch > MISMATCH_TEXT) {
		fputs(", nearest to ", explainer->out);
		watch_print(explainer, near);
	}
	fprintf(explainer->out, ": %s\n", nearest.text);
}

static void line_explain(struct explainer *explainer, uint64_t number, char *line)
{
	struct transcript message;
	char *text;
	size_t length = strlen(line);

	if (length > 0 && line[length - 1] == '\r')
		line[--length] = '\0';
	if (number == 1 && strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		line += strlen(BYTE_ORDER_MARK);
	if (line[0] == '\0')
		return;
	transcript_split(line, &message);
	text = line + (message.text - line);
	text[utf8_cut(text, IPC_TEXT)] = '\0';
	message_explain(explainer, number, &message);
}

static void lines_explain(struct explainer *explainer, struct lines *lines)
{
	char *line;

	for (;;) {
		switch (lines_next(lines, &line)) {
		case LINES_LINE:
			line_explain(explainer, lines->number, line);
			break;
		case LINES_TOO_LONG:
			fprintf(explainer->out,
				"%" PRIu64 ": ignored: it is longer than %d bytes\n", lines->number,
				LINE_BYTES);
			break;
		case LINES_NONE:
			fflush(explainer->out);
			return;
		}
	}
}

/* How many there were of each kind, and what would follow if this were all. */
static void counts_print(const struct explainer *explainer, int index)
{
	const struct watched *watched = explainer->watches.each[index];
	enum kind missing = KIND_NONE;
	const char *separator = ": ";
	char span[DURATION_TEXT];

	watch_print(explainer, index);
	for (enum kind kind = KIND_PROBLEM; kind < KIND_NONE; kind++) {
		long count = explainer->counts[index][kind];

		if (kind < KINDS_AWAITED && !match_awaits(&watched->match, kind))
			continue;
		if (count == 0 && missing == KIND_NONE && kind < KINDS_AWAITED)
			missing = kind;
		fprintf(explainer->out, "%s%s %ld", separator, kind_name(kind), count);
		separator = ", ";
	}
	if (missing != KIND_NONE)
		fprintf(explainer->out, "; without a %s the alarm comes after %s",
			kind_name(missing), duration_text(watched->config->max_latency, span));
	putc('\n', explainer->out);
}

bool explain_run(const struct config *config, int fd, FILE *out, struct reason *why)
{
	struct explainer explainer = {.config = config, .out = out};
	const struct timing timing = timing_of(config->max_latency);
	enum lines_read_result result;
	struct lines lines;

	for (int i = 0; i < config->watch_count; i++)
		explainer.watches.each[explainer.watches.count++] =
			watched_new(config->watch[i], "", &timing, 0, 0);
	lines_init(&lines, LINE_BYTES);
	do {
		result = lines_read(&lines, fd);
		if (result == LINES_ERROR)
			reason_set(why, "%s", strerror(errno));
		lines_explain(&explainer, &lines);
	} while ((result == LINES_READ || result == LINES_AGAIN) && !ferror(out));
	lines_free(&lines);
	for (int i = 0; i < explainer.watches.count; i++) {
		if (result == LINES_END)
			counts_print(&explainer, i);
		watched_free(explainer.watches.each[i]);
	}
	return result != LINES_ERROR;
}
