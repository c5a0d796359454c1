/* SPDX-License-Identifier: MIT */
/*
 * Text that may go into a room, a page or a line: valid UTF-8 without control characters (a
 * server drops the message, or the whole stream, for one), bounded, cut only between characters.
 * Of the control characters a newline may stay; what is meant for one line has none.
 */
#ifndef OOBETET_TEXT_H
#define OOBETET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes, up to `limit`, that can be kept of `text` without cutting a character in two. */
size_t text_boundary(const char *text, size_t limit);

/* True for valid UTF-8 without any control character but tabs. */
bool text_is_clean(const char *text);

/*
 * Copies `text` into out[size], cleaned: what is not UTF-8, or not allowed in XML, becomes `?`;
 * control characters are left out, but newlines stay; cut to what fits. Returns out.
 */
char *text_clean(const char *text, char *out, size_t size);

/* The same for one line: a newline becomes a blank. */
char *text_clean_line(const char *text, char *out, size_t size);

#endif
