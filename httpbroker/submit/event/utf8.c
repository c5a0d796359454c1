/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/utf8.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes that a character beginning with `lead` has; 0: none begins so. */
static size_t character_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The second byte is what tells overlong forms, surrogates and what lies above U+10FFFF. */
static bool second_fits(unsigned char lead, unsigned char second)
{
	unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

/* The length of the character at `text`, of which `left` bytes are there; 0: that is none. */
static size_t character_at(const char *text, size_t left)
{
	const unsigned char *bytes = (const void *)text;
	size_t length = character_length(bytes[0]);

	if (bytes[0] == '\0' || length > left)
		return 0;
	if (length > 1 && !second_fits(bytes[0], bytes[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

void utf8_append_bytes(struct buffer *out, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t character = character_at(bytes + at, length - at);

		if (character > 0)
			buffer_append(out, bytes + at, character);
		else
			buffer_append_text(out, REPLACEMENT);
		at += character > 0 ? character : 1;
	}
}

void utf8_append(struct buffer *out, const char *text)
{
	utf8_append_bytes(out, text, strlen(text));
}

size_t utf8_whole(const char *bytes, size_t length)
{
	size_t lead = length;

	while (lead > 0 && length - lead < 3 && ((unsigned char)bytes[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || character_length((unsigned char)bytes[lead - 1]) <= length - lead + 1)
		return length;
	return lead - 1;
}
