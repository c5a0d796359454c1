/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629) in untrusted bytes, and the cleaning of text that is sent. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_LONGEST = 4 }; /* bytes of a character */

/* Whether the character is a control character: C0, DEL, or C1. */
bool utf8_is_control(const char *character);

/*
 * The length of the character at `text`, with `left` bytes left; 0: NUL, or invalid. Reads nothing
 * behind a NUL: for a string, pass UTF8_LONGEST.
 */
size_t utf8_character(const char *text, size_t left);

/* The number of a valid character of this length. */
uint32_t utf8_code(const char *character, size_t length);

/* Whether a valid character reorders what is beside it, or ends a line: the marks of bidirectional
 * text, U+2028 and U+2029. */
bool utf8_reorders(const char *character, size_t length);

/*
 * The rule for text that is sent. A Jabber server closes the stream for one character that XML 1.0
 * (section 2.2) does not have, so that one text could silence an alerter:
 *
 *   control characters (C0, DEL, C1)    dropped; terminal sequences such as `ESC [ … m` as a whole
 *   newline, tab                        stay; UTF8_ONE_LINE: become a blank
 *   carriage return                     dropped before a newline; else becomes a newline
 *   bytes that are not UTF-8,           become U+FFFD (with them unpaired surrogates)
 *   U+FFFE, U+FFFF
 *
 * Clean text is not changed.
 */
enum utf8_lines { UTF8_LINES, UTF8_ONE_LINE };

/* The length of the clean beginning; `length`: all is clean. */
size_t utf8_clean_span(const char *bytes, size_t length, enum utf8_lines lines);

/* Appends the text, cleaned. `bytes` may be NULL if there are none. */
void utf8_clean_append(struct buffer *out, const char *bytes, size_t length, enum utf8_lines lines);

/* The same into out[size], cut between characters, with a NUL. Returns the length. */
size_t utf8_clean_copy(
	char *out, size_t size, const char *bytes, size_t length, enum utf8_lines lines);

/* The same for a string, as one line. Returns out. */
char *utf8_clean_line(const char *text, char *out, size_t size);

/*
 * Appends text as a terminal may show it: one clean line, in which characters that are invisible or
 * that reorder what is beside them are written as numbers, `\u202e`. As the page does (page.js).
 */
void utf8_visible_append(struct buffer *out, const char *bytes, size_t length);

/* Whether the string is one line of clean text; tabs are allowed. */
bool utf8_is_clean_line(const char *text);

/* Cutting text between two characters. */

#define UTF8_ELLIPSIS "\xe2\x80\xa6" /* U+2026: marks what was cut */

/* The length of `text`, cut to at most `limit` bytes. */
size_t utf8_cut(const char *text, size_t limit);

/* The length without an incomplete character at the end. */
size_t utf8_whole(const char *bytes, size_t length);

/* The length of an incomplete character at the beginning. */
size_t utf8_severed(const char *bytes, size_t length);

/* Cuts the middle out of a text longer than `max` bytes. */
void utf8_shorten(struct buffer *text, size_t max);

/*
 * Replaces escapes for which JSON parsers refuse a document: an unpaired surrogate by \uffff,
 * \u0000 by \u0001. The rule above then replaces the one and drops the other. The length does not
 * change. Returns whether there was any.
 */
bool utf8_mend_escapes(char *json, size_t length);

#endif
