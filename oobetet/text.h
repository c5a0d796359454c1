/* SPDX-License-Identifier: MIT */
/* Text for a room, PagerDuty or the log, by the rule of common/utf8.h; cut between characters. */
#ifndef OOBETET_TEXT_H
#define OOBETET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The length of `text`, cut to at most `limit` bytes between characters. */
size_t text_boundary(const char *text, size_t limit);

/* Valid UTF-8 in one line, without control characters other than tabs? */
bool text_is_clean(const char *text);

/* Copies `text` into out[size], cleaned for one line, cut to what fits. Returns out. */
char *text_clean_line(const char *text, char *out, size_t size);

/* The same for the text of a peer, who may repeat a secret: these, up to a NULL, are masked. */
char *text_of_peer(const char *text, const char *const *secrets, char *out, size_t size);

#endif
