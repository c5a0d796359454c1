/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/transcript.h"

#include "common/utf8.h"
#include "oobetet/watch/rooms.h"

#include <stdio.h>
#include <string.h>

/* Clients put the time before the nick, in many forms. */
#define TIME_CHARACTERS "0123456789:-./TZ+,[]() "

/* `[12:34:56] <NICK> TEXT` */
static bool nick_split(char *line, struct transcript *out)
{
	char *nick = line + strspn(line, TIME_CHARACTERS);
	char *end = *nick == '<' ? strstr(nick, "> ") : NULL;

	if (end == NULL)
		return false;
	*end = '\0';
	*out = (struct transcript){.nick = nick + 1, .text = end + 2};
	return true;
}

void transcript_split(char *line, struct transcript *out)
{
	char *rest = line;
	char *first = strsep(&rest, "\t");

	if (rest == NULL) {
		if (!nick_split(line, out))
			*out = (struct transcript){.text = line};
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
