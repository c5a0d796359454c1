/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/utf8.h"

#include <stdbool.h>

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

/* The length of the character at `text`, which ends in a NUL; 0: that is none. */
static size_t character_at(const char *text)
{
	const unsigned char *bytes = (const void *)text;
	size_t length = character_length(bytes[0]);

	if (length > 1 && !second_fits(bytes[0], bytes[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

void utf8_append(struct buffer *out, const char *text)
{
	while (*text != '\0') {
		size_t length = character_at(text);

		if (length > 0)
			buffer_append(out, text, length);
		else
			buffer_append_text(out, REPLACEMENT);
		text += length > 0 ? length : 1;
	}
}
