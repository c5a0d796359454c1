/* SPDX-License-Identifier: MIT */
/*
 * Text from programs that may not know what UTF-8 is, made into UTF-8 (RFC 3629), which JSON
 * must be: each byte that is no part of a character becomes U+FFFD, the rest stays as it is.
 */
#ifndef HTTPBROKER_SUBMIT_EVENT_UTF8_H
#define HTTPBROKER_SUBMIT_EVENT_UTF8_H

#include "common/buffer.h"

void utf8_append(struct buffer *out, const char *text);

/* The same for bytes that may hold NULs, which are no text either. `bytes` may be NULL for none. */
void utf8_append_bytes(struct buffer *out, const char *bytes, size_t length);

/* The length without a character at the end that was cut in two. */
size_t utf8_whole(const char *bytes, size_t length);

#endif
