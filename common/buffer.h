/* SPDX-License-Identifier: MIT */
/*
 * Bytes that grow at the end. {0} is an empty one. The bytes are always followed by a NUL that
 * is not counted, once anything was appended. The caller bounds what it appends.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stddef.h>

struct buffer {
	char *data;      /* owned; NULL while nothing was ever appended */
	size_t length;   /* bytes in use */
	size_t capacity; /* bytes allocated */
};

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Makes room for `more` bytes behind the end and returns where they go; then add to length. */
char *buffer_reserve(struct buffer *buffer, size_t more);

/* Drops the first `count` bytes. */
void buffer_consume(struct buffer *buffer, size_t count);

/* Empty again; keeps the memory. */
void buffer_clear(struct buffer *buffer);

void buffer_free(struct buffer *buffer);

/* The same, for secrets: nothing of it stays in memory. */
void buffer_wipe(struct buffer *buffer);

#endif
