/* SPDX-License-Identifier: MIT */
/* Characters of UTF-8 (RFC 3629) among bytes that may be anything, and text that may be sent. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum { UTF8_LONGEST = 4 }; /* bytes of a character */

/* How many bytes a character that begins with `lead` has; 0: none begins so. */
size_t utf8_promised(unsigned char lead);

/* Whether the character is a control character: C0, DEL, or C1. */
bool utf8_is_control(const char *character);

/*
 * The length of the character at `text`, of which `left` bytes are there; 0: NUL, or none. Nothing
 * is read behind a NUL: of a string, UTF8_LONGEST are there.
 */
size_t utf8_character(const char *text, size_t left);

/*
 * The rule for text that leaves a program. A Jabber server closes the sender's stream for one
 * character that XML 1.0 (section 2.2) does not have, so one text could silence an alerter:
 *
 *   control characters (C0, DEL, C1)    left out; a terminal's `ESC [ … m` and its kind as a whole
 *   newline, tab                        stay; UTF8_ONE_LINE: become a blank
 *   carriage return                     left out before a newline; else it is a newline
 *   bytes that are not UTF-8,           become U+FFFD (with them unpaired surrogates)
 *   U+FFFE, U+FFFF
 *
 * What is clean stays so when it is cleaned again, and is as long as it was.
 */
enum utf8_lines { UTF8_LINES, UTF8_ONE_LINE };

/* How many bytes at the beginning the rule leaves as they are; `length`: the text is clean. */
size_t utf8_clean_span(const char *bytes, size_t length, enum utf8_lines lines);

/* Appends the text, cleaned. `bytes` may be NULL if there are none. */
void utf8_clean_append(struct buffer *out, const char *bytes, size_t length, enum utf8_lines lines);

/*
 * The same into out[size], cut between characters to what fits, and ended by a NUL. Returns the
 * length.
 */
size_t utf8_clean_copy(
	char *out, size_t size, const char *bytes, size_t length, enum utf8_lines lines);

/* The same for a string, as one line. Returns out. */
char *utf8_clean_line(const char *text, char *out, size_t size);

/* Whether the string is one line of clean text; tabs are allowed. */
bool utf8_is_clean_line(const char *text);

/* The length of `text`, cut to at most `limit` bytes between characters. */
size_t utf8_cut(const char *text, size_t limit);

/*
 * JSON can write as escapes what its parsers refuse, and with it the whole document. An unpaired
 * surrogate becomes \uffff and \u0000 becomes \u0001: a parser takes these, and the rule above then
 * replaces the one and leaves out the other. All stays as long as it was. Returns whether there was
 * any.
 */
bool utf8_mend_escapes(char *json, size_t length);

#endif
