/* SPDX-License-Identifier: MIT */
#include "common/utf8_clean.h"

#include "common/utf8.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_ESCAPE "\\uffff"

/* U+FFFE and U+FFFF. `length` is that of the character. */
static bool is_not_for_xml(const char *character, size_t length)
{
	return length == 3 && memcmp(character, "\xef\xbf", 2) == 0 &&
	       (unsigned char)character[2] >= 0xbe;
}

struct cleaned {
	size_t length; /* bytes of the text that it replaces */
	const char *written;
};

/* The length of a control character or terminal sequence: `ESC [`, or U+009B, up to a letter. */
static size_t control_length(const char *bytes, size_t length, size_t left)
{
	size_t at = length;

	if (bytes[0] == '\x1b' && left > 1 && bytes[1] == '[')
		at = 2;
	else if (memcmp(bytes, "\xc2\x9b", length) != 0)
		return length;
	while (at < left && bytes[at] >= ' ' && bytes[at] <= '?')
		at++;
	return at < left && bytes[at] >= '@' && bytes[at] <= '~' ? at + 1 : length;
}

/* For a character that is not clean. */
static struct cleaned character_clean(const char *bytes, size_t left, enum utf8_lines lines)
{
	size_t length = bytes[0] == '\0' ? 1 : utf8_character(bytes, left);

	if (length == 0)
		return (struct cleaned){1, REPLACEMENT};
	if (is_not_for_xml(bytes, length))
		return (struct cleaned){length, REPLACEMENT};
	if (bytes[0] == '\r' && left > 1 && bytes[1] == '\n')
		return (struct cleaned){1, ""};
	if (bytes[0] == '\r' && lines == UTF8_LINES)
		return (struct cleaned){1, "\n"};
	if (bytes[0] == '\n' || bytes[0] == '\t' || bytes[0] == '\r')
		return (struct cleaned){1, " "};
	return (struct cleaned){control_length(bytes, length, left), ""};
}

size_t utf8_clean_span(const char *bytes, size_t length, enum utf8_lines lines)
{
	size_t at = 0;

	while (at < length) {
		unsigned char byte = (unsigned char)bytes[at];

		if ((byte >= ' ' && byte < 0x7f) ||
			(lines == UTF8_LINES && (byte == '\n' || byte == '\t'))) {
			at++;
			continue;
		}
		size_t character = utf8_character(bytes + at, length - at);
		if (character < 2 || utf8_is_control(bytes + at) ||
			is_not_for_xml(bytes + at, character))
			break;
		at += character;
	}
	return at;
}

void utf8_clean_append(struct buffer *out, const char *bytes, size_t length, enum utf8_lines lines)
{
	for (size_t at = 0; at < length;) {
		size_t clean = utf8_clean_span(bytes + at, length - at, lines);

		buffer_append(out, bytes + at, clean);
		at += clean;
		if (at == length)
			break;
		struct cleaned cleaned = character_clean(bytes + at, length - at, lines);
		buffer_append_text(out, cleaned.written);
		at += cleaned.length;
	}
}

size_t utf8_clean_copy(
	char *out, size_t size, const char *bytes, size_t length, enum utf8_lines lines)
{
	size_t used = 0;

	for (size_t at = 0; at < length;) {
		size_t character = utf8_character(bytes + at, length - at);
		struct cleaned as_is = {character, bytes + at};
		bool clean = utf8_clean_span(bytes + at, character, lines) > 0;
		struct cleaned next =
			clean ? as_is : character_clean(bytes + at, length - at, lines);
		size_t needed = clean ? character : strlen(next.written);

		if (used + needed >= size)
			break;
		memcpy(out + used, next.written, needed);
		used += needed;
		at += next.length;
	}
	out[used] = '\0';
	return used;
}

char *utf8_clean_line(const char *text, char *out, size_t size)
{
	utf8_clean_copy(out, size, text, strlen(text), UTF8_ONE_LINE);
	return out;
}

void utf8_visible_append(struct buffer *out, const char *bytes, size_t length)
{
	struct buffer clean = {NULL, 0, 0};

	utf8_clean_append(&clean, bytes, length, UTF8_ONE_LINE);
	for (size_t at = 0, size; at < clean.length; at += size) {
		size = utf8_character(clean.data + at, clean.length - at);
		uint32_t code = utf8_code(clean.data + at, size);

		if (!utf8_is_hidden(clean.data + at, size))
			buffer_append(out, clean.data + at, size);
		else if (code <= 0xffff)
			buffer_printf(out, "\\u%04" PRIx32, code);
		else
			buffer_printf(out, "\\U%08" PRIx32, code);
	}
	buffer_free(&clean);
}

bool utf8_is_clean_line(const char *text)
{
	size_t length = strlen(text);

	return strchr(text, '\n') == NULL && utf8_clean_span(text, length, UTF8_LINES) == length;
}

void utf8_shorten(struct buffer *text, size_t max)
{
	size_t half = (max - strlen(UTF8_ELLIPSIS)) / 2;

	if (text->length <= max)
		return;
	const char *tail = text->data + text->length - half;
	size_t skip = utf8_severed(tail, half);
	struct buffer shorter = {NULL, 0, 0};

	buffer_append(&shorter, text->data, utf8_whole(text->data, half));
	buffer_append_text(&shorter, UTF8_ELLIPSIS);
	buffer_append(&shorter, tail + skip, half - skip);
	buffer_free(text);
	*text = shorter;
}

/* The number of the `\uXXXX` at `text`; -1: none. */
static int escape_read(const char *text, size_t left)
{
	int number = 0;

	if (left < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, tolower((unsigned char)text[i]), 16);

		if (digit == NULL)
			return -1;
		number = number * 16 + (int)(digit - digits);
	}
	return number;
}

/* Replaces the escape at `text` if necessary. Returns the length of the escape or pair. */
static size_t escape_mend(char *text, size_t left, bool *mended)
{
	int number = escape_read(text, left);

	if (number < 0)
		return left > 1 ? 2 : 1;
	if (number >= 0xd800 && number < 0xdc00) {
		int second = escape_read(text + 6, left - 6);

		if (second >= 0xdc00 && second < 0xe000)
			return 12;
	}
	if (number == 0)
		text[5] = '1';
	else if (number >= 0xd800 && number < 0xe000)
		memcpy(text, REPLACEMENT_ESCAPE, sizeof REPLACEMENT_ESCAPE - 1);
	else
		return 6;
	*mended = true;
	return 6;
}

bool utf8_mend_escapes(char *json, size_t length)
{
	bool mended = false;
	char *escape = json;

	while ((escape = memchr(escape, '\\', length - (size_t)(escape - json))) != NULL)
		escape += escape_mend(escape, length - (size_t)(escape - json), &mended);
	return mended;
}
