/* SPDX-License-Identifier: MIT */
/*
 * JSON objects out of a stream of bytes: one after another, any white space between them, over as
 * many lines as they like. An array stands for its elements. Each byte is looked at once, unless
 * a document is broken: then reading goes on at the next line that begins with a bracket, counted
 * from the one on which the broken document began, so that an event behind a truncated one
 * is not swallowed with it.
 */
#ifndef HTTPBROKER_SUBMIT_JSON_STREAM_H
#define HTTPBROKER_SUBMIT_JSON_STREAM_H

#include "common/reason.h"

#include <stddef.h>
#include <stdint.h>

struct document {
	uint64_t line;    /* on which it begins; the first is 1 */
	size_t column;    /* of its first byte; the first is 1 */
	const char *text; /* ours, until the next call; not NUL-terminated */
	size_t length;
};

enum documents_result {
	DOCUMENTS_ONE,  /* *document is the next; brackets and strings match, jansson may still
			   object */
	DOCUMENTS_BAD,  /* document->line began a broken one; *why says what is wrong and where */
	DOCUMENTS_NONE, /* no whole document is there: push more */
};

/* A document longer than `limit` bytes is a broken one. */
struct documents *documents_new(size_t limit);

void documents_push(struct documents *documents, const void *bytes, size_t length);

/* Nothing more comes: what is incomplete is broken. */
void documents_finish(struct documents *documents);

enum documents_result documents_next(
	struct documents *documents, struct document *document, struct reason *why);

void documents_free(struct documents *documents);

/*
 * The shape of a JSON text (RFC 8259), one byte at a time: whether brackets, strings, commas and
 * colons stand where the grammar allows them, so that a text is known to be broken at the byte
 * that breaks it, and its end at its last bracket. What is inside strings, numbers and words is
 * not judged here: that is jansson's part.
 */

#define SHAPE_DEPTH 64 /* brackets that may be open at a time */

enum shape_expects {
	SHAPE_VALUE,       /* a value must come */
	SHAPE_FIRST_VALUE, /* a value, or the end of an empty array */
	SHAPE_KEY,         /* a key must come */
	SHAPE_FIRST_KEY,   /* a key, or the end of an empty object */
	SHAPE_COLON,
	SHAPE_COMMA,      /* or the closing bracket */
	SHAPE_STRING,     /* inside a string that is a value */
	SHAPE_KEY_STRING, /* inside a key */
	SHAPE_WORD,       /* inside a number, true, false or null */
};

struct shape {
	enum shape_expects expects;
	unsigned depth;   /* open brackets; 0: between texts, where expects is SHAPE_VALUE */
	bool escaped;     /* a backslash stands before the next byte */
	uint64_t objects; /* bit n: the bracket at depth n is an object's, not an array's */
};

/* Between two texts. */
void shape_reset(struct shape *shape);

/* Takes one byte. False if it cannot stand there; the shape is then to be reset. */
bool shape_step(struct shape *shape, char byte, struct reason *why);

/* White space of JSON, which is not all that isspace(3) takes. */
bool shape_blank(char byte);

#endif
