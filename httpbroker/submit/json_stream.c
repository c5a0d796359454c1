/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/json_stream.h"

#include "common/buffer.h"
#include "common/memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct place {
	size_t offset; /* in pending */
	uint64_t line;
	size_t column;
};

struct documents {
	size_t limit;          /* bytes of one document */
	struct buffer pending; /* pushed and still needed */
	struct shape shape;    /* of what was read; an array around the objects included */
	struct place at;       /* the next byte to look at */
	struct place start;    /* of the object or array that is open */
	bool inside;           /* an object: it began at start */
	bool line_blank;       /* nothing but blanks stand before `at` in its line */
	bool seeking;          /* a line that begins with a bracket, after a broken document */
	bool lenient; /* the broken one stood in an array, whose commas and end may follow */
	bool finished;
};

struct documents *documents_new(size_t limit)
{
	struct documents *documents = memory_zeroed(1, sizeof *documents);

	documents->limit = limit;
	documents->at = (struct place){0, 1, 1};
	documents->line_blank = true;
	shape_reset(&documents->shape);
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

static void step_over(struct documents *documents, char byte)
{
	struct place *at = &documents->at;

	at->offset++;
	at->column++;
	if (byte == '\n') {
		at->line++;
		at->column = 1;
		documents->line_blank = true;
	} else if (!shape_blank(byte)) {
		documents->line_blank = false;
	}
}

/* Back to the end of the line on which the broken document began, if it has ended since. */
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

/* In an array, be it that of the document just read or one around it. */
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
	shape_reset(&documents->shape);
	return DOCUMENTS_BAD;
}

/* Whoever cannot see the byte, as that of a byte-order mark, is told which it is. */
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

	if (shape_blank(byte) || (punctuation && documents->lenient && !in_array)) {
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

/* True while bytes are to be passed over to get behind a broken document. */
static bool still_seeking(struct documents *documents, char byte)
{
	if (documents->line_blank && (byte == '{' || byte == '['))
		documents->seeking = false;
	return documents->seeking;
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
			step_over(documents, byte);
			continue;
		}
		if (!(documents->inside ? inside_step(documents, byte, why)
					: outside_step(documents, byte, why)))
			return broken(documents, document, why);
		step_over(documents, byte);
		if (is_whole(documents))
			return whole(documents, document);
	}
	if (!documents->finished || documents->shape.depth == 0)
		return DOCUMENTS_NONE;
	reason_set(why, documents->inside ? "the input ends inside it" : "an array has no end");
	return broken(documents, document, why);
}

void shape_reset(struct shape *shape)
{
	*shape = (struct shape){.expects = SHAPE_VALUE};
}

bool shape_blank(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static bool in_object(const struct shape *shape)
{
	return shape->depth > 0 && (shape->objects >> (shape->depth - 1) & 1) != 0;
}

/* What the grammar wanted, for people. */
static const char *wanted(const struct shape *shape)
{
	switch (shape->expects) {
	case SHAPE_FIRST_VALUE:
		return "a value or ']'";
	case SHAPE_KEY:
		return "a key in quotes";
	case SHAPE_FIRST_KEY:
		return "a key in quotes or '}'";
	case SHAPE_COLON:
		return "':'";
	case SHAPE_COMMA:
	case SHAPE_WORD:
		return in_object(shape) ? "',' or '}'" : "',' or ']'";
	default:
		return "a value";
	}
}

static bool misplaced(const struct shape *shape, char byte, struct reason *why)
{
	unsigned value = (unsigned char)byte;

	if (value > ' ' && value < 0x7f)
		return reason_set(why, "expected %s, found '%c'", wanted(shape), byte);
	return reason_set(why, "expected %s, found byte 0x%02x", wanted(shape), value);
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

/* A value is complete: in a bracket more may follow, at depth 0 the text is over. */
static void value_ended(struct shape *shape)
{
	shape->expects = shape->depth > 0 ? SHAPE_COMMA : SHAPE_VALUE;
}

static bool bracket_close(struct shape *shape, char byte, struct reason *why)
{
	bool empty = shape->expects == SHAPE_FIRST_KEY || shape->expects == SHAPE_FIRST_VALUE;
	bool after_value = shape->expects == SHAPE_COMMA || shape->expects == SHAPE_WORD;

	if (shape->depth == 0 || byte != (in_object(shape) ? '}' : ']') || (!empty && !after_value))
		return misplaced(shape, byte, why);
	shape->depth--;
	value_ended(shape);
	return true;
}

static bool comma(struct shape *shape, char byte, struct reason *why)
{
	if (shape->depth == 0 || (shape->expects != SHAPE_COMMA && shape->expects != SHAPE_WORD))
		return misplaced(shape, byte, why);
	shape->expects = in_object(shape) ? SHAPE_KEY : SHAPE_VALUE;
	return true;
}

static bool in_string(const struct shape *shape)
{
	return shape->expects == SHAPE_STRING || shape->expects == SHAPE_KEY_STRING;
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

static bool wants_value(const struct shape *shape)
{
	return shape->expects == SHAPE_VALUE || shape->expects == SHAPE_FIRST_VALUE;
}

static bool quote(struct shape *shape, char byte, struct reason *why)
{
	if (shape->expects == SHAPE_KEY || shape->expects == SHAPE_FIRST_KEY)
		shape->expects = SHAPE_KEY_STRING;
	else if (wants_value(shape))
		shape->expects = SHAPE_STRING;
	else
		return misplaced(shape, byte, why);
	return true;
}

static bool colon(struct shape *shape, char byte, struct reason *why)
{
	if (shape->expects != SHAPE_COLON)
		return misplaced(shape, byte, why);
	shape->expects = SHAPE_VALUE;
	return true;
}

/* A letter or a digit, or whatever else a number may hold. */
static bool word_step(struct shape *shape, char byte, struct reason *why)
{
	if (!isalnum((unsigned char)byte) && byte != '-' && byte != '+' && byte != '.')
		return misplaced(shape, byte, why);
	if (shape->expects != SHAPE_WORD && !wants_value(shape))
		return misplaced(shape, byte, why);
	shape->expects = SHAPE_WORD;
	return true;
}

static bool structure_step(struct shape *shape, char byte, struct reason *why)
{
	switch (byte) {
	case '{':
	case '[':
		return wants_value(shape) ? bracket_open(shape, byte == '{', why)
					  : misplaced(shape, byte, why);
	case '}':
	case ']':
		return bracket_close(shape, byte, why);
	case '"':
		return quote(shape, byte, why);
	case ',':
		return comma(shape, byte, why);
	case ':':
		return colon(shape, byte, why);
	default:
		return word_step(shape, byte, why);
	}
}

bool shape_step(struct shape *shape, char byte, struct reason *why)
{
	if (in_string(shape))
		return string_step(shape, byte, why);
	if (!shape_blank(byte))
		return structure_step(shape, byte, why);
	if (shape->expects == SHAPE_WORD)
		value_ended(shape);
	return true;
}
