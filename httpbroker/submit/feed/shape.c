/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/feed/shape.h"

#include <ctype.h>

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
