/* SPDX-License-Identifier: MIT */
/*
 * --explain: reads the log of a room and says of each message why it counts or not. A line is a
 * message:
 *
 *     TEXT
 *     NICK <tab> TEXT
 *     ROOM <tab> NICK <tab> TEXT     ROOM has an `@`
 *     [12:34:56] <NICK> TEXT         as clients show it; the time can be missing
 */
#ifndef OOBETET_EXPLAIN_H
#define OOBETET_EXPLAIN_H

#include "common/reason.h"
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

/*
 * Reads lines from `fd` up to its end, and prints a line for each to `out`, then one for each
 * watch. Stops when `out` cannot be written. False: `fd` cannot be read.
 */
bool explain_run(const struct config *config, int fd, FILE *out, struct reason *why);

#endif
