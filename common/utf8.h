/* SPDX-License-Identifier: MIT */
/* Characters of UTF-8 (RFC 3629) in untrusted bytes, and the places between two of them. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_LONGEST = 4 }; /* bytes of a character */

/*
 * The length of the character at `text`, with `left` bytes left; 0: NUL, or invalid. Reads nothing
 * behind a NUL: for a string, pass UTF8_LONGEST.
 */
size_t utf8_character(const char *text, size_t left);

/* The number of a valid character of this length. */
uint32_t utf8_code(const char *character, size_t length);

/* Whether the character is a control character: C0, DEL, or C1. */
bool utf8_is_control(const char *character);

/* Whether a valid character reorders what is beside it, or ends a line: the marks of bidirectional
 * text, U+2028 and U+2029. */
bool utf8_reorders(const char *character, size_t length);

/* Whether a valid character cannot be seen: it reorders, is a format character or a filler. */
bool utf8_is_hidden(const char *character, size_t length);

/* The length of `text`, cut to at most `limit` bytes. */
size_t utf8_cut(const char *text, size_t limit);

/* The length without an incomplete character at the end. */
size_t utf8_whole(const char *bytes, size_t length);

/* The length of an incomplete character at the beginning. */
size_t utf8_severed(const char *bytes, size_t length);

#endif
