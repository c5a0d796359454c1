/* SPDX-License-Identifier: MIT */
/*
 * Has a visitor said `quit`? A line of just that word, in any case, with blanks or a carriage
 * return behind it; its bytes may come in any pieces. Nothing is kept but the place in the word.
 */
#ifndef FLAPPER_QUIT_H
#define FLAPPER_QUIT_H

#include <stdbool.h>
#include <stddef.h>

typedef unsigned char quit_place; /* 0: at the beginning of a line */

/* Goes on with `length` more bytes; true as soon as such a line has ended. */
bool quit_said(quit_place *place, const char *bytes, size_t length);

#endif
