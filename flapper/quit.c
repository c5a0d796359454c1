/* SPDX-License-Identifier: MIT */
#include "flapper/quit.h"

#include <ctype.h>
#include <string.h>

static const char word[] = "quit";

enum { WORD_END = sizeof word - 1, OTHER_LINE };

static quit_place place_after(quit_place place, char byte)
{
	if (byte == '\n')
		return 0;
	if (place < WORD_END && tolower((unsigned char)byte) == word[place])
		return (quit_place)(place + 1);
	if (place == WORD_END && strchr(" \t\r", byte) != NULL && byte != '\0')
		return WORD_END;
	return OTHER_LINE;
}

bool quit_said(quit_place *place, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' && *place == WORD_END)
			return true;
		*place = place_after(*place, bytes[i]);
	}
	return false;
}
