/* SPDX-License-Identifier: MIT */
#include "oobetet/text.h"

#include <stdint.h>
#include <string.h>

/* By the leading byte's range: the length of a character and the least value it may have. */
static size_t lead_length(unsigned char lead, uint32_t *value, uint32_t *least)
{
	static const struct {
		unsigned char mask, bits;
		uint32_t least;
	} leads[] = {
		{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
		if ((lead & leads[i].mask) != leads[i].bits)
			continue;
		*value = (uint32_t)(lead & ~leads[i].mask & 0xff);
		*least = leads[i].least;
		return i + 1;
	}
	return 0;
}

/* XML 1.0, section 2.2, but for the control characters, which the callers treat. */
static bool value_is_allowed(uint32_t value)
{
	return (value < 0xd800 || value > 0xdfff) && value != 0xfffe && value != 0xffff &&
	       value <= 0x10ffff;
}

/* The length of the character at `text`; 0 if there is none that is valid. */
static size_t character_length(const char *text, uint32_t *value)
{
	uint32_t least;
	size_t length = lead_length((unsigned char)text[0], value, &least);

	for (size_t i = 1; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte & 0xc0) != 0x80) /* the final NUL as well */
			return 0;
		*value = *value << 6 | (byte & 0x3f);
	}
	return length > 0 && *value >= least && value_is_allowed(*value) ? length : 0;
}

static bool is_control(uint32_t value)
{
	return value < 0x20 || (value >= 0x7f && value < 0xa0);
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
	uint32_t value;

	while (*text != '\0') {
		size_t length = character_length(text, &value);

		if (length == 0 || (is_control(value) && value != '\t'))
			return false;
		text += length;
	}
	return true;
}

/* What to write for the character at `text`, whose length (1 for a bad byte) goes into *length. */
static const char *character_clean(const char *text, const char *newline, size_t *length)
{
	uint32_t value;

	*length = character_length(text, &value);
	if (*length == 0) {
		*length = 1;
		return "?";
	}
	if (value == '\n')
		return newline;
	return is_control(value) ? "" : NULL; /* NULL: as it stands */
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
