/* SPDX-License-Identifier: MIT */
/* Characters of UTF-8 (RFC 3629) among bytes that may be anything. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

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

#endif
