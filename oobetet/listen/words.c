/* SPDX-License-Identifier: MIT */
#include "oobetet/listen/words.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

/* Copies one word without its quotes to *out; returns what follows it; NULL: a quote is open. */
static const char *word_read(const char *p, char **out)
{
	char quote = '\0';

	for (; *p != '\0' && (quote != '\0' || strchr(BLANKS, *p) == NULL); p++) {
		if (*p == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*p == '"' || *p == '\'')) {
			quote = *p;
		} else {
			bool escapes = *p == '\\' && quote != '\'' && p[1] != '\0' &&
				       (quote == '\0' || p[1] == '"' || p[1] == '\\');
			if (escapes)
				p++;
			*(*out)++ = *p;
		}
	}
	*(*out)++ = '\0';
	return quote == '\0' ? p : NULL;
}

char **words_split(const char *command, struct reason *why)
{
	size_t length = strlen(command);
	/* a word needs two bytes at least, with the blank behind it; one block holds all */
	char **words = memory_zeroed(length / 2 + 2, sizeof *words + 2);
	char *bytes = (char *)&words[length / 2 + 2];
	int count = 0;

	for (;;) {
		command += strspn(command, BLANKS);
		if (*command == '\0')
			break;
		words[count++] = bytes;
		command = word_read(command, &bytes);
		if (command == NULL) {
			reason_set(why, "a quotation mark is not closed");
			break;
		}
	}
	if (command != NULL && count > 0)
		return words;
	if (command != NULL)
		reason_set(why, "it has no word");
	words_free(words);
	return NULL;
}

void words_free(char **words)
{
	free(words);
}
