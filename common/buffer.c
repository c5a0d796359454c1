/* SPDX-License-Identifier: MIT */
#include "common/buffer.h"

#include "common/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 256 /* bytes; then it doubles */

char *buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t needed = buffer->length + more + 1; /* the NUL */
	size_t capacity = buffer->capacity != 0 ? buffer->capacity : BUFFER_FIRST;

	while (capacity < needed)
		capacity *= 2;
	if (capacity != buffer->capacity) {
		buffer->data = memory_resized(buffer->data, capacity);
		buffer->capacity = capacity;
	}
	return buffer->data + buffer->length;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	char *end = buffer_reserve(buffer, length);

	if (length > 0)
		memcpy(end, bytes, length);
	end[length] = '\0';
	buffer->length += length;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments, again;

	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length > 0) {
		vsnprintf(
			buffer_reserve(buffer, (size_t)length), (size_t)length + 1, format, again);
		buffer->length += (size_t)length;
	}
	va_end(again);
}

void buffer_consume(struct buffer *buffer, size_t count)
{
	if (count == 0)
		return;
	buffer->length -= count;
	memmove(buffer->data, buffer->data + count, buffer->length + 1);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){NULL, 0, 0};
}

void buffer_wipe(struct buffer *buffer)
{
	if (buffer->data != NULL)
		explicit_bzero(buffer->data, buffer->capacity);
	buffer_free(buffer);
}
