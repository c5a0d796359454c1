/* SPDX-License-Identifier: MIT */
/*
 * Lines out of a stream of bytes, with a bound. A line longer than the limit is not delivered
 * cut: it is skipped up to its newline and reported, so that nobody mistakes half of it for
 * the whole.
 */
#ifndef COMMON_LINES_H
#define COMMON_LINES_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct lines {
	size_t limit;          /* bytes that a line may have, its newline not counted */
	uint64_t number;       /* of the line that lines_next() gave last; the first is 1 */
	struct buffer pending; /* read and not yet given out */
	size_t start;          /* where in pending the next line begins */
	bool skipping;         /* inside a line that is too long */
	char mark;             /* may be set after lines_init(): ends what is given out as a newline
				* does, but the line goes on, and its number; NUL: there is none */
	bool marked;           /* what was given out last was ended by it */
};

enum lines_result {
	LINES_LINE,     /* *line is the next one, without its newline, NUL-terminated */
	LINES_TOO_LONG, /* line `number` was longer than the limit and is gone */
	LINES_NONE,     /* no whole line is there: read more */
};

enum lines_read_result {
	LINES_READ,  /* something came */
	LINES_AGAIN, /* nothing there now (a non-blocking descriptor, or a signal) */
	LINES_END,   /* end of file; a last line without newline has been completed */
	LINES_ERROR, /* errno says what */
};

void lines_init(struct lines *lines, size_t limit);

/* One read(2) of at most 64 KiB. */
enum lines_read_result lines_read(struct lines *lines, int fd);

/* For bytes that somebody else has read, and for their end: a last line without newline is one. */
void lines_push(struct lines *lines, const void *bytes, size_t length);
void lines_finish(struct lines *lines);

/* The next line. *line is ours and holds until the next call of any of these. */
enum lines_result lines_next(struct lines *lines, char **line);

void lines_free(struct lines *lines);

#endif
