/* SPDX-License-Identifier: MIT */
/*
 * The log of a room, for --explain: why does each message count or not? A line is a message:
 *
 *     TEXT
 *     NICK <tab> TEXT
 *     ROOM <tab> NICK <tab> TEXT     ROOM has an `@`
 *     [12:34:56] <NICK> TEXT         as clients show it; the time can be missing
 *
 * Pure.
 */
#ifndef OOBETET_WATCH_TRANSCRIPT_H
#define OOBETET_WATCH_TRANSCRIPT_H

#include "oobetet/config/config.h"
#include "oobetet/watch/match.h"

struct transcript {
	const char *room; /* NULL: not given */
	const char *nick; /* NULL: not given */
	const char *text;
};

/* Splits the line, in place; the result points into it. */
void transcript_split(char *line, struct transcript *out);

/*
 * match_explain(), and whether the room and the nick count for the watch; what is not given does.
 * `alias` is oobetet's own nick.
 */
void transcript_explain(const struct transcript *message, const struct watch_config *watch,
	const struct match *match, const char *alias, struct explanation *out);

#endif
