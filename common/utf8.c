/* SPDX-License-Identifier: MIT */
#include "common/utf8.h"

#include <string.h>

/* The length of a character that begins with `lead`; 0: none does. */
static size_t promised(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The second byte excludes overlong forms, surrogates and what is above U+10FFFF. */
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
	size_t length = promised(bytes[0]);
	if (length > left || (length > 1 && !second_fits(bytes[0], bytes[1])))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

uint32_t utf8_code(const char *character, size_t length)
{
	static const unsigned char of_lead[UTF8_LONGEST + 1] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)character[0] & of_lead[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)character[i] & 0x3f);
	return code;
}

static bool is_between(uint32_t code, const uint32_t (*ranges)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	return false;
}

bool utf8_reorders(const char *character, size_t length)
{
	static const uint32_t ranges[][2] = {
		{0x61c, 0x61c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

	return is_between(utf8_code(character, length), ranges, sizeof ranges / sizeof ranges[0]);
}

/* Not U+FE00 to U+FE0F, which select how the character before them looks, such as an emoji. */
bool utf8_is_hidden(const char *character, size_t length)
{
	static const uint32_t ranges[][2] = {{0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c},
		{0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
		{0xe0000, 0xe0fff}};

	return is_between(utf8_code(character, length), ranges, sizeof ranges / sizeof ranges[0]);
}

size_t utf8_whole(const char *bytes, size_t length)
{
	size_t lead = length;

	while (lead > 0 && length - lead < 3 && ((unsigned char)bytes[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || promised((unsigned char)bytes[lead - 1]) <= length - lead + 1)
		return length;
	return lead - 1;
}

size_t utf8_cut(const char *text, size_t limit)
{
	size_t length = strnlen(text, limit + 1);

	return length <= limit ? length : utf8_whole(text, limit);
}

size_t utf8_severed(const char *bytes, size_t length)
{
	size_t count = 0;

	while (count < length && count < UTF8_LONGEST - 1 &&
		((unsigned char)bytes[count] & 0xc0) == 0x80)
		count++;
	return count;
}
