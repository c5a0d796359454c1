/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/batch.h"

#include "common/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *batch_text(const struct batch *batch, char out[BATCH_TEXT])
{
	snprintf(out, BATCH_TEXT, "%" PRId64 " %s %" PRId64 " %" PRId64 "%s%s", batch->number,
		batch->token, batch->clock, batch->wall, batch->queue[0] != '\0' ? " " : "",
		batch->queue);
	return out;
}

enum { WORDS = 5, WORDS_LEAST = 4 };

/* Cuts the text at its blanks; what is missing of the words is NULL. */
static bool words_cut(char *text, char *words[WORDS])
{
	for (int i = 0; i < WORDS; i++) {
		words[i] = text;
		text = text != NULL ? strchr(text, ' ') : NULL;
		if (text != NULL)
			*text++ = '\0';
	}
	return text == NULL && words[WORDS_LEAST - 1] != NULL;
}

static bool type_read(const char *word, char out[BATCH_TYPE])
{
	size_t length = word != NULL ? strlen(word) : 0;

	memset(out, '\0', BATCH_TYPE);
	if (length >= BATCH_TYPE || (word != NULL && length == 0))
		return false;
	memcpy(out, word != NULL ? word : "", length);
	return true;
}

static bool words_read(char *words[WORDS], struct batch *out, struct reason *why)
{
	if (strlen(words[1]) != BATCH_TOKEN || strspn(words[1], "0123456789abcdef") != BATCH_TOKEN)
		return false;
	memcpy(out->token, words[1], BATCH_TOKEN + 1);
	return number_parse(words[0], 0, BATCH_MAX, &out->number, why) &&
	       number_parse(words[2], 0, BATCH_MAX, &out->clock, why) &&
	       number_parse(words[3], -BATCH_MAX, BATCH_MAX, &out->wall, why) &&
	       type_read(words[4], out->queue);
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
	return reason_set(why, "it is not NUMBER TOKEN CLOCK WALL [TYPE]");
}
