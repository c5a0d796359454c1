/* SPDX-License-Identifier: MIT */
#include "common/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINES_CHUNK 65536 /* the size of a pipe */

void lines_init(struct lines *lines, size_t limit)
{
	*lines = (struct lines){.limit = limit};
}

/* Drops lines that were returned or skipped. */
static void pending_compact(struct lines *lines)
{
	buffer_consume(&lines->pending, lines->start);
	lines->start = 0;
}

void lines_finish(struct lines *lines)
{
	const struct buffer *pending = &lines->pending;
	bool partial = pending->length > lines->start || lines->skipping;

	if (partial && (pending->length == 0 || pending->data[pending->length - 1] != '\n'))
		buffer_append(&lines->pending, "\n", 1);
}

void lines_push(struct lines *lines, const void *bytes, size_t length)
{
	pending_compact(lines);
	buffer_append(&lines->pending, bytes, length);
}

enum lines_read_result lines_read(struct lines *lines, int fd)
{
	pending_compact(lines);
	char *end = buffer_reserve(&lines->pending, LINES_CHUNK);
	ssize_t got = read(fd, end, LINES_CHUNK);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? LINES_AGAIN : LINES_ERROR;
	if (got == 0) {
		lines_finish(lines);
		return LINES_END;
	}
	lines->pending.length += (size_t)got;
	lines->pending.data[lines->pending.length] = '\0';
	return LINES_READ;
}

/* No newline yet: a line that is already too long is dropped at once, to bound memory. */
static enum lines_result line_wait(struct lines *lines, size_t there)
{
	if (lines->skipping || there > lines->limit) {
		lines->skipping = true;
		lines->start = lines->pending.length;
	}
	return LINES_NONE;
}

/* The first newline or mark; NULL: none. */
static char *line_end(const struct lines *lines, char *start, size_t there)
{
	char *newline = memchr(start, '\n', there);
	char *mark = NULL;

	if (lines->mark != '\0')
		mark = memchr(
			start, lines->mark, newline != NULL ? (size_t)(newline - start) : there);
	return mark != NULL ? mark : newline;
}

enum lines_result lines_next(struct lines *lines, char **line)
{
	size_t there = lines->pending.length - lines->start;
	char *start = there > 0 ? lines->pending.data + lines->start : NULL;
	char *end = there > 0 ? line_end(lines, start, there) : NULL;

	if (end == NULL)
		return line_wait(lines, there);
	if (!lines->marked)
		lines->number++;
	lines->marked = *end != '\n';
	*end = '\0';
	lines->start += (size_t)(end - start) + 1;
	if (lines->skipping || (size_t)(end - start) > lines->limit) {
		lines->skipping = false;
		return LINES_TOO_LONG;
	}
	*line = start;
	return LINES_LINE;
}

size_t lines_length(const struct lines *lines, const char *line)
{
	return (size_t)(lines->pending.data + lines->start - 1 - line);
}

void lines_free(struct lines *lines)
{
	buffer_free(&lines->pending);
}
