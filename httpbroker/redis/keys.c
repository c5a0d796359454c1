/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/keys.h"

#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/checks/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void keys_init(
	struct keys *keys, const char *program, const char *name, const char *queue, int flapjack)
{
	keys->checks = memory_printed("%s:%s:states", program, name);
	keys->batch = memory_printed("%s:%s:batch", program, name);
	keys->lease = memory_printed("%s:%s:lease", program, name);
	keys->standby = memory_printed("%s:%s:standby", program, name);
	keys->handover = memory_printed("%s:%s:handover", program, name);
	keys->queue = memory_copied(queue);
	keys->actions = flapjack == 1 ? NULL : memory_printed("%s_actions", queue);
}

void keys_free(struct keys *keys)
{
	free(keys->checks);
	free(keys->batch);
	free(keys->lease);
	free(keys->standby);
	free(keys->handover);
	free(keys->queue);
	free(keys->actions);
}

_Static_assert(BATCH_TEXT >= 3 * JSONTEXT_NUMBER + BATCH_TOKEN + BATCH_TYPE + 5, "too small");

/* A blank, and the word. Returns the end. */
static char *word_write(char *out, const char *word)
{
	size_t length = strlen(word);

	*out++ = ' ';
	memcpy(out, word, length);
	return out + length;
}

/* Without printf(3): each commit has one. */
const char *batch_text(const struct batch *batch, char out[BATCH_TEXT])
{
	char *end = out + jsontext_digits(out, batch->number);

	end = word_write(end, batch->token);
	*end++ = ' ';
	end += jsontext_digits(end, batch->clock);
	*end++ = ' ';
	end += jsontext_digits(end, batch->wall);
	if (batch->queue[0] != '\0')
		end = word_write(end, batch->queue);
	*end = '\0';
	return out;
}

enum { WORDS = 5, WORDS_LEAST = 4 };

/* Splits the text at its blanks; missing words are NULL. */
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

void lease_init(struct lease *lease, const char *place, const char *token)
{
	char where[LEASE_PLACE];

	snprintf(where, sizeof where, "%s", place);
	lease->place = strlen(where);
	snprintf(lease->text, sizeof lease->text, "%s %.*s", where, BATCH_TOKEN, token);
}

const char *lease_token(const struct lease *lease)
{
	return lease->text + lease->place + 1;
}

enum lease_holder lease_holder_of(const struct lease *ours, const char *value, size_t length)
{
	size_t whole = strlen(ours->text);

	if (length == whole && memcmp(value, ours->text, whole) == 0)
		return LEASE_OURS;
	/* a token has no blank: the rest of one place cannot begin another */
	if (length == whole && memcmp(value, ours->text, ours->place + 1) == 0 &&
		memchr(value + ours->place + 1, ' ', BATCH_TOKEN) == NULL)
		return LEASE_OF_OUR_PLACE;
	return LEASE_ANOTHERS;
}
