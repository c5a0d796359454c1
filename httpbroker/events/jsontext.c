/* SPDX-License-Identifier: MIT */
#include "httpbroker/events/jsontext.h"

#include <stdbool.h>
#include <string.h>

static bool needs_escape(char c)
{
	return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

static void escape_append(struct buffer *out, char c)
{
	static const char letters[] = "btn?fr"; /* for the bytes from 8 to 13 */

	if (c == '"' || c == '\\')
		buffer_append(out, (const char[]){'\\', c}, 2);
	else if (c >= '\b' && c <= '\r' && c != '\v')
		buffer_append(out, (const char[]){'\\', letters[c - '\b']}, 2);
	else
		buffer_printf(out, "\\u%04x", (unsigned)c);
}

void jsontext_string(struct buffer *out, const char *bytes, size_t length)
{
	size_t start = 0;

	buffer_append(out, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		if (!needs_escape(bytes[i]))
			continue;
		buffer_append(out, bytes + start, i - start);
		escape_append(out, bytes[i]);
		start = i + 1;
	}
	buffer_append(out, bytes + start, length - start);
	buffer_append(out, "\"", 1);
}

size_t jsontext_digits(char out[JSONTEXT_NUMBER], int64_t number)
{
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	char reversed[JSONTEXT_NUMBER];
	size_t count = 0, used = 0;

	do
		reversed[count++] = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	if (number < 0)
		out[used++] = '-';
	while (count > 0)
		out[used++] = reversed[--count];
	return used;
}

void jsontext_number(struct buffer *out, int64_t number)
{
	char digits[JSONTEXT_NUMBER];

	buffer_append(out, digits, jsontext_digits(digits, number));
}
