/* SPDX-License-Identifier: MIT */
#include "oobetet/text.h"

#include "common/secret.h"
#include "common/utf8.h"

#include <string.h>

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
	size_t length = strlen(text);

	return strchr(text, '\n') == NULL && utf8_clean_span(text, length, UTF8_LINES) == length;
}

char *text_clean_line(const char *text, char *out, size_t size)
{
	utf8_clean_copy(out, size, text, strlen(text), UTF8_ONE_LINE);
	return out;
}

char *text_of_peer(const char *text, const char *const *secrets, char *out, size_t size)
{
	struct buffer whole = {NULL, 0, 0};

	/* mask after cleaning and before cutting: otherwise a secret is not found */
	utf8_clean_append(&whole, text, strlen(text), UTF8_ONE_LINE);
	buffer_append(&whole, "", 1);
	for (; *secrets != NULL; secrets++)
		secret_mask(whole.data, *secrets);
	text_clean_line(whole.data, out, size);
	buffer_wipe(&whole);
	return out;
}
