/* SPDX-License-Identifier: MIT */
#include "t/tools/answers.h"

#include "common/duration.h"
#include "common/number.h"

#include <stdio.h>
#include <string.h>

/* Modifies `word`: it is cut at its mark. */
static bool answer_parse(char *word, struct answer *out, struct reason *why)
{
	char *mark = strpbrk(word, "@~");
	int64_t status;

	*out = (struct answer){.status = 0, .reset = strcmp(word, "reset") == 0};
	if (out->reset || strcmp(word, "hang") == 0)
		return true;
	if (mark != NULL) {
		nsec *span = *mark == '@' ? &out->delay : &out->slow;

		*mark++ = '\0';
		if (!duration_parse(mark, 0, 3600 * NSEC_PER_SEC, span, why))
			return false;
	}
	if (!number_parse(word, 200, 599, &status, why))
		return false;
	out->status = (int)status;
	return true;
}

bool answers_parse(const char *text, struct answers *out, struct reason *why)
{
	*out = (struct answers){.count = 0};
	for (;;) {
		size_t length = strcspn(text, ",");
		char word[64];

		if (length >= sizeof word || out->count == ANSWERS_MOST)
			return reason_set(why, "too long a word, or over %d of them", ANSWERS_MOST);
		snprintf(word, sizeof word, "%.*s", (int)length, text);
		if (!answer_parse(word, &out->script[out->count++], why))
			return false;
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

struct answer answers_next(struct answers *answers, int good)
{
	if (answers->used == answers->count)
		return (struct answer){.status = good};
	return answers->script[answers->used++];
}
