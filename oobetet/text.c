/* SPDX-License-Identifier: MIT */
#include "oobetet/text.h"

#include "common/utf8.h"

#include <string.h>

/* XML 1.0, section 2.2, has all characters but these two, and control characters. */
static bool is_not_for_xml(const char *text)
{
	return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

/* The length of the character at `text`; 0 if there is none that is valid. */
static size_t character_length(const char *text)
{
	return is_not_for_xml(text) ? 0 : utf8_character(text, UTF8_LONGEST);
}

size_t text_boundary(const char *text, size_t limit)
{
	size_t length = strnlen(text, limit + 1);

	if (length <= limit)
		return length;
	length = limit;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

bool text_is_clean(const char *text)
{
	while (*text != '\0') {
		size_t length = character_length(text);

		if (length == 0 || (utf8_is_control(text) && *text != '\t'))
			return false;
		text += length;
	}
	return true;
}

/* What to write for the character at `text`, whose length (1 for a bad byte) goes into *length. */
static const char *character_clean(const char *text, const char *newline, size_t *length)
{
	*length = character_length(text);
	if (*length == 0) {
		*length = 1;
		return "?";
	}
	if (*text == '\n')
		return newline;
	return utf8_is_control(text) ? "" : NULL; /* NULL: as it stands */
}

static char *clean(const char *text, const char *newline, char *out, size_t size)
{
	size_t used = 0;

	while (*text != '\0') {
		size_t length;
		const char *written = character_clean(text, newline, &length);
		size_t needed = written != NULL ? strlen(written) : length;

		if (used + needed >= size)
			break;
		memcpy(out + used, written != NULL ? written : text, needed);
		used += needed;
		text += length;
	}
	out[used] = '\0';
	return out;
}

char *text_clean(const char *text, char *out, size_t size)
{
	return clean(text, "\n", out, size);
}

char *text_clean_line(const char *text, char *out, size_t size)
{
	return clean(text, " ", out, size);
}
