/* SPDX-License-Identifier: MIT */
/*
 * The shape of a JSON text (RFC 8259), one byte at a time: whether brackets, strings, commas and
 * colons stand where the grammar allows them, so that a text is known to be broken at the byte
 * that breaks it, and its end at its last bracket. What is inside strings, numbers and words is
 * not judged here: that is jansson's part.
 */
#ifndef HTTPBROKER_SUBMIT_FEED_SHAPE_H
#define HTTPBROKER_SUBMIT_FEED_SHAPE_H

#include "common/reason.h"

#include <stdint.h>

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
