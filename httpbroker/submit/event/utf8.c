/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/utf8.h"

#include "common/utf8.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void utf8_append_bytes(struct buffer *out, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t character = utf8_character(bytes + at, length - at);

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
	if (lead == 0 || utf8_promised((unsigned char)bytes[lead - 1]) <= length - lead + 1)
		return length;
	return lead - 1;
}
