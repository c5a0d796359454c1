/* SPDX-License-Identifier: MIT */
#include "common/utf8.h"

size_t utf8_promised(unsigned char lead)
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

/* UTF-8 writes C1 as C2 80 to C2 9F. */
bool utf8_is_control(const char *character)
{
	const unsigned char *bytes = (const void *)character;

	return bytes[0] < ' ' || bytes[0] == 0x7f || (bytes[0] == 0xc2 && bytes[1] < 0xa0);
}

size_t utf8_character(const char *text, size_t left)
{
	const unsigned char *bytes = (const void *)text;

	if (left == 0 || bytes[0] == '\0')
		return 0;
	size_t length = utf8_promised(bytes[0]);
	if (length > left || (length > 1 && !second_fits(bytes[0], bytes[1])))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return length;
}
