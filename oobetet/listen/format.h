/* SPDX-License-Identifier: MIT */
/* What listen_command and listen_format say, and the lines that such a command prints. Pure. */
#ifndef OOBETET_LISTEN_FORMAT_H
#define OOBETET_LISTEN_FORMAT_H

#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>

/*
 * Splits a command into words as sh(1) does, without its expansions: blanks separate words; in
 * 'single quotes' everything is literal; in "double quotes" a backslash escapes `"` and `\`;
 * elsewhere it escapes any character. `*` and `$` have no meaning.
 *
 * Returns the words, up to a NULL, to be freed with free(3). NULL: there is none, a quote is not
 * closed, or one that is not quoted is for a shell: `|`, `&&`, `>file`, `a;`.
 */
char **words_split(const char *command, struct reason *why);

/*
 * The lines that a listen_command prints, one message each:
 *
 *     text                                 the line is the text
 *     nick text                            NICK TAB TEXT
 *     json text=KEY [nick=KEY] [time=KEY]  a JSON object. KEY may be a path, such as content.body:
 *                                          a key that is so written comes first
 *
 * A time is a number of seconds since the epoch, also as a string; of milliseconds, microseconds or
 * nanoseconds if it is too large for seconds (10^11, 10^14, 10^17); or a text of RFC 3339.
 */
#define LISTEN_LINE 32768 /* bytes of a line without its newline; a longer one is skipped */
#define LISTEN_TEXT 4096  /* bytes of a text that are read, as of a message in a room */
#define LISTEN_NICK 1023  /* bytes of a nick */
#define LISTEN_KEY 100    /* bytes of a KEY */

enum listen_field { FIELD_TEXT, FIELD_NICK, FIELD_TIME, LISTEN_FIELDS };

enum listen_layout { LAYOUT_TEXT, LAYOUT_NICK_TEXT, LAYOUT_JSON };

struct listen_format {
	enum listen_layout layout;
	char key[LISTEN_FIELDS][LISTEN_KEY + 1]; /* of JSON; "": none */
};

/* Parses the value of listen_format. */
bool listen_format_parse(const char *text, struct listen_format *out, struct reason *why);

/* True if its lines have a nick. */
bool listen_format_has_nick(const struct listen_format *format);

struct listen_line {
	char text[LISTEN_TEXT + 1];
	char nick[LISTEN_NICK + 1]; /* "": none */
	nsec time;                  /* its own, since the epoch; NSEC_NEVER: none */
};

enum listen_result {
	LINE_MESSAGE,
	LINE_OTHER, /* it has no text: a sign of life, such as a keepalive */
	LINE_BAD,   /* see *why */
};

/*
 * Reads a line without its newline; `line` is changed. A message whose time cannot be read has
 * none, and *why is set: it is "" otherwise, except for LINE_BAD.
 */
enum listen_result listen_line_read(const struct listen_format *format, char *line,
	struct listen_line *out, struct reason *why);

#endif
