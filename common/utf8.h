/* SPDX-License-Identifier: MIT */
/* Characters of UTF-8 (RFC 3629) among bytes that may be anything. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stddef.h>

/* How many bytes a character that begins with `lead` has; 0: none begins so. */
size_t utf8_promised(unsigned char lead);

/* The length of the character at `text`, of which `left` bytes are there; 0: NUL, or none. */
size_t utf8_character(const char *text, size_t left);

#endif
