/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/feed/plain.h"

#include "httpbroker/submit/event/keys.h"
#include "httpbroker/submit/event/utf8.h"

#include <stdbool.h>
#include <string.h>

enum { DIGITS_MOST = 18 }; /* any such number fits into 64 bits */

struct cursor {
	const char *at;
	const char *end;
};

/* The next byte; at the end NUL, which is plain nowhere. */
static char next(const struct cursor *cursor)
{
	return cursor->at < cursor->end ? *cursor->at : '\0';
}

static void blanks_pass(struct cursor *cursor)
{
	while (next(cursor) == ' ' || next(cursor) == '\t')
		cursor->at++;
}

static bool byte_pass(struct cursor *cursor, char byte)
{
	if (next(cursor) != byte)
		return false;
	cursor->at++;
	return true;
}

/* A bracket, a comma or a colon, with the blanks around. */
static bool mark_pass(struct cursor *cursor, char mark)
{
	blanks_pass(cursor);
	if (!byte_pass(cursor, mark))
		return false;
	blanks_pass(cursor);
	return true;
}

/* The length of the character that stands here, in a string, for itself; 0: none does. */
static size_t character(const struct cursor *cursor)
{
	unsigned char byte = (unsigned char)next(cursor);

	if (byte < ' ' || byte == '"' || byte == '\\')
		return 0;
	return byte < 0x80 ? 1 : utf8_character(cursor->at, (size_t)(cursor->end - cursor->at));
}

static bool string_pass(struct cursor *cursor)
{
	size_t length;

	if (!byte_pass(cursor, '"'))
		return false;
	while ((length = character(cursor)) > 0)
		cursor->at += length;
	return byte_pass(cursor, '"');
}

static bool number_pass(struct cursor *cursor)
{
	(void)byte_pass(cursor, '-');
	const char *digits = cursor->at;
	while (next(cursor) >= '0' && next(cursor) <= '9')
		cursor->at++;
	ptrdiff_t count = cursor->at - digits;
	return count == 1 || (count > 1 && count <= DIGITS_MOST && digits[0] != '0');
}

static bool word_pass(struct cursor *cursor, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
		return false;
	cursor->at += length;
	return true;
}

static bool scalar_pass(struct cursor *cursor)
{
	switch (next(cursor)) {
	case '"':
		return string_pass(cursor);
	case 't':
		return word_pass(cursor, "true");
	case 'f':
		return word_pass(cursor, "false");
	case 'n':
		return word_pass(cursor, "null");
	default:
		return number_pass(cursor);
	}
}

static bool value_pass(struct cursor *cursor)
{
	if (next(cursor) != '[')
		return scalar_pass(cursor);
	(void)mark_pass(cursor, '[');
	do
		if (!scalar_pass(cursor))
			return false;
	while (mark_pass(cursor, ','));
	return byte_pass(cursor, ']');
}

static bool member_pass(struct cursor *cursor, unsigned *keys)
{
	const char *name = cursor->at + 1;

	if (!string_pass(cursor))
		return false;
	*keys |= key_named(name, (size_t)(cursor->at - 1 - name));
	return mark_pass(cursor, ':') && value_pass(cursor);
}

size_t plain_object(const char *text, size_t length, unsigned *keys)
{
	struct cursor cursor = {text, text + length};

	*keys = 0;
	if (!byte_pass(&cursor, '{'))
		return 0;
	blanks_pass(&cursor);
	do
		if (!member_pass(&cursor, keys))
			return 0;
	while (mark_pass(&cursor, ','));
	return byte_pass(&cursor, '}') ? (size_t)(cursor.at - text) : 0;
}
