/* SPDX-License-Identifier: MIT */
/* Text in UTF-8 (RFC 3629) that is cut: between two characters, and with a mark. */
#ifndef HTTPBROKER_SUBMIT_EVENT_UTF8_H
#define HTTPBROKER_SUBMIT_EVENT_UTF8_H

#include "common/buffer.h"

#define UTF8_ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

/* The length without a character at the end that was cut in two. */
size_t utf8_whole(const char *bytes, size_t length);

/* The length of what is left at the beginning of a character that was cut in two. */
size_t utf8_severed(const char *bytes, size_t length);

/* Cuts the middle out of a text of more than `most` bytes, so that it has no more of them. */
void utf8_shorten(struct buffer *text, size_t max);

#endif
