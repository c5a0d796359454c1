/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/event/utf8.h"

#include "common/utf8.h"

#include <string.h>

size_t utf8_whole(const char *bytes, size_t length)
{
	size_t lead = length;

	while (lead > 0 && length - lead < 3 && ((unsigned char)bytes[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0 || utf8_promised((unsigned char)bytes[lead - 1]) <= length - lead + 1)
		return length;
	return lead - 1;
}

size_t utf8_severed(const char *bytes, size_t length)
{
	size_t count = 0;

	while (count < length && count < UTF8_LONGEST - 1 &&
		((unsigned char)bytes[count] & 0xc0) == 0x80)
		count++;
	return count;
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
