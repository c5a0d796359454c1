/* SPDX-License-Identifier: MIT */
/*
 * Text that may go into a room, a page or a line of the log: common/utf8.h has the rule. Bounded,
 * cut only between characters.
 */
#ifndef OOBETET_TEXT_H
#define OOBETET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes, up to `limit`, that can be kept of `text` without cutting a character in two. */
size_t text_boundary(const char *text, size_t limit);

/* True for valid UTF-8 without any control character but tabs. */
bool text_is_clean(const char *text);

/* Copies `text` into out[size], cleaned for one line, cut to what fits. Returns out. */
char *text_clean_line(const char *text, char *out, size_t size);

/*
 * The same of what somebody else has said, who may well repeat what he was told: the secrets, up to
 * a NULL, are masked in it, before it is cut.
 */
char *text_of_peer(const char *text, const char *const *secrets, char *out, size_t size);

#endif
