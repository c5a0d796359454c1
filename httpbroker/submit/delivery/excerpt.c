/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/excerpt.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026; its size counts the NUL */

const char *quoted_input(const char *text, char out[QUOTED_INPUT_SIZE])
{
	size_t used = 0;

	for (; *text != '\0' && used < QUOTED_INPUT_SIZE - sizeof ELLIPSIS; text++) {
		if (!isspace((unsigned char)*text))
			out[used++] = *text;
		else if (used > 0 && out[used - 1] != ' ')
			out[used++] = ' ';
	}
	out[used] = '\0';
	if (*text == '\0')
		return out;
	/* a character that was cut in two is dropped */
	while (used > 0 && ((unsigned char)*text & 0xc0) == 0x80) {
		text--;
		used--;
	}
	memcpy(out + used, ELLIPSIS, sizeof ELLIPSIS);
	return out;
}
