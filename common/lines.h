/* SPDX-License-Identifier: MIT */
/*
 * Splits a stream of bytes into lines. A line longer than the limit is skipped up to its newline
 * and reported, never cut.
 */
#ifndef COMMON_LINES_H
#define COMMON_LINES_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct lines {
	size_t limit;          /* bytes of a line without its newline */
	uint64_t number;       /* of the last line from lines_next(); the first is 1 */
	struct buffer pending; /* bytes that lines_next() has not returned */
	size_t start;          /* offset of the next line in pending */
	bool skipping;         /* inside a line that is too long */
	char mark;             /* ends what lines_next() returns, but not the line and its number;
				* set it after lines_init(); NUL: none */
	bool marked;           /* the last result was ended by it */
};

enum lines_result {
	LINES_LINE,     /* *line is the next one, without its newline, NUL-terminated */
	LINES_TOO_LONG, /* line `number` was skipped */
	LINES_NONE,     /* no complete line: read more */
};

enum lines_read_result {
	LINES_READ,
	LINES_AGAIN, /* EAGAIN or EINTR */
	LINES_END,   /* end of file; lines_finish() was called */
	LINES_ERROR, /* errno says what */
};

void lines_init(struct lines *lines, size_t limit);

/* One read(2) of at most 64 KiB. */
enum lines_read_result lines_read(struct lines *lines, int fd);

/* For bytes read elsewhere; at their end a last line without newline counts as a line. */
void lines_push(struct lines *lines, const void *bytes, size_t length);
void lines_finish(struct lines *lines);

/* The next line. *line is valid until the next call of any of these. */
enum lines_result lines_next(struct lines *lines, char **line);

/* Of the line that lines_next() has just returned; it may contain NUL. */
size_t lines_length(const struct lines *lines, const char *line);

void lines_free(struct lines *lines);

#endif
