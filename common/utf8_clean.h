/* SPDX-License-Identifier: MIT */
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
#ifndef COMMON_UTF8_CLEAN_H
#define COMMON_UTF8_CLEAN_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stddef.h>

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

/* Whether the string is one line of clean text; tabs are allowed. */
bool utf8_is_clean_line(const char *text);

/*
 * Appends text as a terminal may show it: one clean line, in which hidden characters are written as
 * numbers, `\u202e`. As the page does (page.js).
 */
void utf8_visible_append(struct buffer *out, const char *bytes, size_t length);

#define UTF8_ELLIPSIS "\xe2\x80\xa6" /* U+2026: marks what was cut */

/* Cuts the middle out of a text longer than `max` bytes. */
void utf8_shorten(struct buffer *text, size_t max);

/*
 * Replaces escapes for which JSON parsers refuse a document: an unpaired surrogate by \uffff,
 * \u0000 by \u0001. The rule above then replaces the one and drops the other. The length does not
 * change. Returns whether there was any.
 */
bool utf8_mend_escapes(char *json, size_t length);

#endif
