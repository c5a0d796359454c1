/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/json_stream.h"

#include "common/buffer.h"
#include "common/memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * The shape of a JSON text (RFC 8259), one byte at a time: whether brackets, strings, commas and
 * colons stand where the grammar permits them. A broken text is noticed at the byte that breaks it,
 * before it swallows the next event, and its end at its last bracket. The content of strings,
 * numbers and words is left to jansson.
 */

#define SHAPE_DEPTH 64 /* open brackets */

enum shape_expects {
	SHAPE_VALUE,
	SHAPE_FIRST_VALUE, /* a value, or the end of an empty array */
	SHAPE_KEY,
	SHAPE_FIRST_KEY, /* a key, or the end of an empty object */
	SHAPE_COLON,
	SHAPE_COMMA,      /* or the closing bracket */
	SHAPE_STRING,     /* inside a string that is a value */
	SHAPE_KEY_STRING, /* inside a key */
	SHAPE_WORD,       /* inside a number, true, false or null */
};

struct shape {
	enum shape_expects expects;
	unsigned depth;   /* open brackets; 0: between texts, where expects is SHAPE_VALUE */
	bool escaped;     /* the byte before is a backslash */
	uint64_t objects; /* bit n: the bracket at depth n is an object's, not an array's */
};

/* White space of JSON, which is less than isspace(3) takes. */
static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static bool in_object(const struct shape *shape)
{
	return shape->depth > 0 && (shape->objects >> (shape->depth - 1) & 1) != 0;
}

static bool misplaced(const struct shape *shape, char byte, struct reason *why)
{
	static const char *const expected[] = {"a value", "a value or ']'", "a key in quotes",
		"a key in quotes or '}'", "':'", "',' or ']'"};
	bool after = shape->expects == SHAPE_COMMA || shape->expects == SHAPE_WORD;
	const char *what = !after             ? expected[shape->expects]
			   : in_object(shape) ? "',' or '}'"
					      : "',' or ']'";
	unsigned value = (unsigned char)byte;

	if (value > ' ' && value < 0x7f)
		return reason_set(why, "expected %s, found '%c'", what, byte);
	return reason_set(why, "expected %s, found byte 0x%02x", what, value);
}

/* A value is complete: in a bracket more may follow, at depth 0 the text is over. */
static void value_ended(struct shape *shape)
{
	shape->expects = shape->depth > 0 ? SHAPE_COMMA : SHAPE_VALUE;
}

static bool bracket_open(struct shape *shape, bool object, struct reason *why)
{
	uint64_t bit = UINT64_C(1) << (shape->depth % SHAPE_DEPTH);

	if (shape->depth == SHAPE_DEPTH)
		return reason_set(why, "nested deeper than %d", SHAPE_DEPTH);
	shape->objects = object ? shape->objects | bit : shape->objects & ~bit;
	shape->depth++;
	shape->expects = object ? SHAPE_FIRST_KEY : SHAPE_FIRST_VALUE;
	return true;
}

static bool string_step(struct shape *shape, char byte, struct reason *why)
{
	if (byte == '\n')
		return reason_set(why, "a string does not end in its line");
	if ((unsigned char)byte < ' ')
		return reason_set(why, "control character 0x%02x in a string", byte);
	if (shape->escaped || byte == '\\')
		shape->escaped = !shape->escaped;
	else if (byte == '"' && shape->expects == SHAPE_KEY_STRING)
		shape->expects = SHAPE_COLON;
	else if (byte == '"')
		value_ended(shape);
	return true;
}

static bool structure_step(struct shape *shape, char byte, struct reason *why)
{
	enum shape_expects was = shape->expects;
	bool value = was == SHAPE_VALUE || was == SHAPE_FIRST_VALUE;
	bool key = was == SHAPE_KEY || was == SHAPE_FIRST_KEY;
	bool after = shape->depth > 0 && (was == SHAPE_COMMA || was == SHAPE_WORD);
	bool empty = was == SHAPE_FIRST_VALUE || was == SHAPE_FIRST_KEY;
	bool word = isalnum((unsigned char)byte) || byte == '-' || byte == '+' || byte == '.';

	if ((byte == '{' || byte == '[') && value)
		return bracket_open(shape, byte == '{', why);
	if (byte == (in_object(shape) ? '}' : ']') && (after || empty)) {
		shape->depth--;
		value_ended(shape);
	} else if (byte == ',' && after) {
		shape->expects = in_object(shape) ? SHAPE_KEY : SHAPE_VALUE;
	} else if (byte == ':' && was == SHAPE_COLON) {
		shape->expects = SHAPE_VALUE;
	} else if (byte == '"' && (key || value)) {
		shape->expects = key ? SHAPE_KEY_STRING : SHAPE_STRING;
	} else if (word && (value || was == SHAPE_WORD)) {
		shape->expects = SHAPE_WORD;
	} else {
		return misplaced(shape, byte, why);
	}
	return true;
}

/* Takes one byte. False: it is misplaced, and the shape is to be reset. */
static bool shape_step(struct shape *shape, char byte, struct reason *why)
{
	if (shape->expects == SHAPE_STRING || shape->expects == SHAPE_KEY_STRING)
		return string_step(shape, byte, why);
	if (!is_blank(byte))
		return structure_step(shape, byte, why);
	if (shape->expects == SHAPE_WORD)
		value_ended(shape);
	return true;
}

struct place {
	size_t offset; /* in pending */
	uint64_t line;
	size_t column;
};

struct documents {
	size_t limit;          /* bytes of one document */
	struct buffer pending; /* pushed, and not yet returned */
	struct shape shape;    /* with the array around the objects */
	struct place at;       /* the next byte to read */
	struct place start;    /* of the object or array that is open */
	bool inside;           /* an object that began at start */
	bool line_blank;       /* only blanks stand before `at` in its line */
	bool seeking;          /* after a broken document: a line that begins with a bracket */
	bool lenient;          /* it stood in an array, whose commas and end may follow */
	bool finished;
};

struct documents *documents_new(size_t limit)
{
	struct documents *documents = memory_zeroed(1, sizeof *documents);

	documents->limit = limit;
	documents->at = (struct place){0, 1, 1};
	documents->line_blank = true;
	return documents;
}

void documents_free(struct documents *documents)
{
	buffer_free(&documents->pending);
	free(documents);
}

void documents_push(struct documents *documents, const void *bytes, size_t length)
{
	size_t done = documents->inside ? documents->start.offset : documents->at.offset;

	buffer_consume(&documents->pending, done);
	documents->at.offset -= done;
	documents->start.offset = 0;
	buffer_append(&documents->pending, bytes, length);
}

void documents_finish(struct documents *documents)
{
	documents->finished = true;
}

static void byte_skip(struct documents *documents, char byte)
{
	struct place *at = &documents->at;

	at->offset++;
	at->column++;
	if (byte == '\n') {
		at->line++;
		at->column = 1;
		documents->line_blank = true;
	} else if (!is_blank(byte)) {
		documents->line_blank = false;
	}
}

/* Back to the end of the line on which the broken document began, if that line has ended. */
static void go_back(struct documents *documents)
{
	const struct place *start = &documents->start;
	const char *from = documents->pending.data + start->offset;
	const char *newline = memchr(from, '\n', documents->at.offset - start->offset);

	if (newline == NULL)
		return;
	documents->at = *start;
	documents->at.offset += (size_t)(newline - from);
	documents->line_blank = false;
}

/* In an array around the documents. */
static bool outermost_is_array(const struct shape *shape)
{
	return shape->depth > 0 && (shape->objects & 1) == 0;
}

static enum documents_result broken(
	struct documents *documents, struct document *document, struct reason *why)
{
	const struct place *at = &documents->at;
	struct reason what = *why;

	reason_set(why, "%s (line %" PRIu64 ", column %zu)", what.text, at->line, at->column);
	document->line = documents->inside ? documents->start.line : at->line;
	if (documents->inside)
		go_back(documents);
	documents->lenient = documents->lenient || outermost_is_array(&documents->shape);
	documents->inside = false;
	documents->seeking = true;
	documents->shape = (struct shape){.expects = SHAPE_VALUE};
	return DOCUMENTS_BAD;
}

/* An invisible byte, such as of a byte-order mark, is shown as a number. */
static bool no_document(char byte, struct reason *why)
{
	static const char words[] = "an event is a JSON object and begins with '{'";
	unsigned value = (unsigned char)byte;

	if (value > ' ' && value < 0x7f)
		return reason_set(why, "%s", words);
	return reason_set(why, "%s, not with byte 0x%02x", words, value);
}

/* Between two documents: white space, an array's punctuation, or the beginning of the next. */
static bool outside_step(struct documents *documents, char byte, struct reason *why)
{
	bool in_array = documents->shape.depth > 0;
	bool punctuation = byte == ',' || byte == ']';

	if (is_blank(byte) || (punctuation && documents->lenient && !in_array)) {
		documents->lenient = documents->lenient && byte != ']';
		return true;
	}
	if (byte != '{' && !(in_array ? punctuation : byte == '['))
		return no_document(byte, why);
	if (!shape_step(&documents->shape, byte, why))
		return false;
	documents->lenient = documents->lenient && byte != '[';
	documents->inside = byte == '{';
	documents->start = documents->at;
	return true;
}

/* True if this byte completed the object. */
static bool is_whole(const struct documents *documents)
{
	unsigned around = outermost_is_array(&documents->shape) ? 1 : 0;

	return documents->inside && documents->shape.depth == around;
}

static bool inside_step(struct documents *documents, char byte, struct reason *why)
{
	if (documents->at.offset - documents->start.offset >= documents->limit)
		return reason_set(why, "longer than %zu bytes", documents->limit);
	return shape_step(&documents->shape, byte, why);
}

/* True while bytes behind a broken document are skipped. */
static bool still_seeking(struct documents *documents, char byte)
{
	if (documents->line_blank && (byte == '{' || byte == '['))
		documents->seeking = false;
	return documents->seeking;
}

/* Most bytes are within strings: those that mean nothing there are passed at once. */
static void string_skip(struct documents *documents)
{
	const struct shape *shape = &documents->shape;
	struct place *at = &documents->at;
	size_t end = documents->start.offset + documents->limit;
	size_t from = at->offset;

	if ((shape->expects != SHAPE_STRING && shape->expects != SHAPE_KEY_STRING) ||
		shape->escaped)
		return;
	if (end > documents->pending.length)
		end = documents->pending.length;
	for (; at->offset < end; at->offset++) {
		char byte = documents->pending.data[at->offset];

		if ((unsigned char)byte < ' ' || byte == '"' || byte == '\\')
			break;
	}
	at->column += at->offset - from;
}

static enum documents_result whole(struct documents *documents, struct document *document)
{
	const struct place *start = &documents->start;

	documents->inside = false;
	document->line = start->line;
	document->column = start->column;
	document->text = documents->pending.data + start->offset;
	document->length = documents->at.offset - start->offset;
	return DOCUMENTS_ONE;
}

enum documents_result documents_next(
	struct documents *documents, struct document *document, struct reason *why)
{
	while (documents->at.offset < documents->pending.length) {
		char byte = documents->pending.data[documents->at.offset];

		if (documents->seeking && still_seeking(documents, byte)) {
			byte_skip(documents, byte);
			continue;
		}
		if (!(documents->inside ? inside_step(documents, byte, why)
					: outside_step(documents, byte, why)))
			return broken(documents, document, why);
		byte_skip(documents, byte);
		if (is_whole(documents))
			return whole(documents, document);
		if (documents->inside)
			string_skip(documents);
	}
	if (!documents->finished || documents->shape.depth == 0)
		return DOCUMENTS_NONE;
	reason_set(why, documents->inside ? "the input ends inside it" : "an array has no end");
	return broken(documents, document, why);
}
