/* SPDX-License-Identifier: MIT */
/*
 * Bytes that grow at the end; {0} is empty. Once anything was appended, a NUL that is not counted
 * follows. The caller bounds the size.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stddef.h>
#include <string.h>

struct buffer {
	char *data;      /* owned; NULL before the first append */
	size_t length;   /* bytes in use */
	size_t capacity; /* bytes allocated */
};

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Inline: the compiler knows the length of a literal. */
static inline void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

/* Reserves `more` bytes behind the end and returns their address; the caller adds to length. */
char *buffer_reserve(struct buffer *buffer, size_t more);

/* Drops the first `count` bytes. */
void buffer_consume(struct buffer *buffer, size_t count);

/* Keeps the memory. */
void buffer_clear(struct buffer *buffer);

void buffer_free(struct buffer *buffer);

/* For secrets: overwrites the memory, then frees it. */
void buffer_wipe(struct buffer *buffer);

#endif
