/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/batch.h"

#include "common/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *batch_text(const struct batch *batch, char out[BATCH_TEXT])
{
	snprintf(out, BATCH_TEXT, "%" PRId64 " %s %" PRId64 " %" PRId64, batch->number,
		batch->token, batch->clock, batch->wall);
	return out;
}

enum { WORDS = 4 };

/* Cuts the text at its blanks, of which there are to be WORDS - 1. */
static bool words_cut(char *text, char *words[WORDS])
{
	for (int i = 0; i < WORDS; i++) {
		words[i] = text;
		text = strchr(text, ' ');
		if ((text == NULL) != (i == WORDS - 1))
			return false;
		if (text != NULL)
			*text++ = '\0';
	}
	return true;
}

static bool words_read(char *words[WORDS], struct batch *out, struct reason *why)
{
	if (strlen(words[1]) != BATCH_TOKEN || strspn(words[1], "0123456789abcdef") != BATCH_TOKEN)
		return false;
	memcpy(out->token, words[1], BATCH_TOKEN + 1);
	return number_parse(words[0], 0, BATCH_MOST, &out->number, why) &&
	       number_parse(words[2], 0, BATCH_MOST, &out->clock, why) &&
	       number_parse(words[3], -BATCH_MOST, BATCH_MOST, &out->wall, why);
}

bool batch_read(const char *value, size_t length, struct batch *out, struct reason *why)
{
	char text[BATCH_TEXT], *words[WORDS];

	if (length < sizeof text && memchr(value, '\0', length) == NULL) {
		memcpy(text, value, length);
		text[length] = '\0';
		if (words_cut(text, words) && words_read(words, out, why))
			return true;
	}
	return reason_set(why, "it is not NUMBER TOKEN CLOCK WALL");
}
